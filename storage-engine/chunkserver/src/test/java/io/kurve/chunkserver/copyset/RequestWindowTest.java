package io.kurve.chunkserver.copyset;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.RequestWindow.Standing;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.RequestId;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class RequestWindowTest {
  private static RequestId id(long number, int part) {
    return new RequestId(new AttachmentId(1), number, part);
  }

  @Test
  void rule13BehavesAsASetAboveAMark() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(13);
    RequestWindow window = new RequestWindow();
    TreeSet<RequestId> model = new TreeSet<>();
    long mark = 1;
    for (int step = 0; step < 20_000; step++) {
      RequestId id = id(1 + random.nextInt(200) + step / 100, random.nextInt(3));
      Standing expected =
          id.number() < mark
              ? Standing.ANSWERED
              : model.contains(id) ? Standing.APPLIED : Standing.NEW;
      assertThat(window.standing(id, 1)).isEqualTo(expected);
      if (expected == Standing.NEW) {
        window.record(id);
        model.add(id);
      }
      if (random.nextInt(10) == 0) {
        mark = Math.max(mark, random.nextInt(50) + step / 100);
        window.raise(mark);
        long below = mark;
        model.removeIf(known -> known.number() < below);
      }
      assertThat(window.size()).isEqualTo(model.size());
    }
  }

  @Test
  void rule13IsBounded() {
    RequestWindow window = new RequestWindow();
    for (int number = 1; number <= RequestWindow.MAX_KNOWN; number++) {
      window.record(id(number, 0));
    }
    RequestId next = id(RequestWindow.MAX_KNOWN + 1, 0);
    assertThat(window.standing(next, 1)).isEqualTo(Standing.FULL);
    assertThat(window.standing(id(5, 0), 1)).isEqualTo(Standing.APPLIED);
    assertThat(window.standing(next, 2)).isEqualTo(Standing.NEW);
  }
}
