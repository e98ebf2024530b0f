package io.kurve.core.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.unit.ByteSize;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What fits on a pool, by failure domain. */
class PoolCapacityTest {
  private static ByteSize chunks(long count) {
    return new ByteSize(count * (16 << 20));
  }

  @Test
  void eachChunkLiesOnAsManyDomainsAsThereAreReplicas() {
    assertThat(PoolCapacity.of(List.of(24L, 24L, 24L), 3)).isEqualTo(chunks(24));
    assertThat(PoolCapacity.of(List.of(24L, 500L, 500L), 3)).isEqualTo(chunks(24));
    assertThat(PoolCapacity.of(List.of(56L, 56L, 56L, 56L), 3)).isEqualTo(chunks(74));
    assertThat(PoolCapacity.of(List.of(10L, 10L, 10L, 500L), 3)).isEqualTo(chunks(15));
    assertThat(PoolCapacity.of(List.of(24L), 1)).isEqualTo(chunks(24));
  }

  @Test
  void tooFewDomainsHoldNothing() {
    assertThat(PoolCapacity.of(List.of(), 3)).isEqualTo(chunks(0));
    assertThat(PoolCapacity.of(List.of(24L, 24L), 3)).isEqualTo(chunks(0));
    assertThat(PoolCapacity.of(List.of(0L, 24L, 24L), 3)).isEqualTo(chunks(0));
  }

  @Test
  void someSlotsOfEachDiskAreKeptBack() {
    assertThat(PoolCapacity.usableSlots(1)).isZero();
    assertThat(PoolCapacity.usableSlots(2)).isZero();
    assertThat(PoolCapacity.usableSlots(26)).isEqualTo(24);
    assertThat(PoolCapacity.usableSlots(512)).isEqualTo(504);
  }
}
