package io.kurve.blockdev.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FlushBarrierTest {
  private final FlushBarrier barrier = new FlushBarrier();
  private final List<String> flushed = new ArrayList<>();

  @Test
  void rule30FlushWaitsForAllEarlierAnswersAndNoLaterOnes() {
    FlushBarrier.Phase first = barrier.arrived();
    FlushBarrier.Phase second = barrier.arrived();
    barrier.afterEarlierChanges(() -> flushed.add("flush"));
    FlushBarrier.Phase later = barrier.arrived();

    barrier.answered(first);
    assertThat(flushed).isEmpty();
    barrier.answered(second);
    assertThat(flushed).containsExactly("flush");
    barrier.answered(later);
    assertThat(flushed).containsExactly("flush");
  }

  @Test
  void rule30LaterFlushWaitsForChangesBeforeTheEarlierOne() {
    FlushBarrier.Phase slow = barrier.arrived();
    barrier.afterEarlierChanges(() -> flushed.add("first"));
    FlushBarrier.Phase quick = barrier.arrived();
    barrier.afterEarlierChanges(() -> flushed.add("second"));

    barrier.answered(quick);
    assertThat(flushed).isEmpty();
    barrier.answered(slow);
    assertThat(flushed).containsExactly("first", "second");
  }

  @Test
  void flushWithNothingBeforeItRunsAtOnce() {
    barrier.answered(barrier.arrived());
    barrier.afterEarlierChanges(() -> flushed.add("first"));
    barrier.afterEarlierChanges(() -> flushed.add("second"));

    assertThat(flushed).containsExactly("first", "second");
  }
}
