package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class IdleMemoryTest {
  private final AtomicInteger givenBack = new AtomicInteger();
  private final IdleMemory memory = new IdleMemory(givenBack::incrementAndGet);

  @Test
  void givesMemoryBackOnceAfterWork() {
    memory.look(10);
    looks(IdleMemory.IDLE_LOOKS, 10);
    assertThat(givenBack).hasValue(1);

    looks(3 * IdleMemory.IDLE_LOOKS, 11);
    assertThat(givenBack).hasValue(1);
  }

  @Test
  void keepsItWhileThereIsWork() {
    for (int i = 0; i < 10 * IdleMemory.IDLE_LOOKS; i++) {
      memory.look(2L * i);
    }
    assertThat(givenBack).hasValue(0);
  }

  @Test
  void givesItBackAgainAfterMoreWork() {
    memory.look(10);
    looks(IdleMemory.IDLE_LOOKS, 10);
    memory.look(50);
    looks(IdleMemory.IDLE_LOOKS, 50);
    assertThat(givenBack).hasValue(2);
  }

  private void looks(int count, long collections) {
    for (int i = 0; i < count; i++) {
      memory.look(collections);
    }
  }
}
