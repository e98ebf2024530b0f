package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.disk.Disk;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.time.SeededRandom;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatchedDiskTest {
  private static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");

  private final VolatileDisk raw = new VolatileDisk("disk-1", 1 << 20, new SeededRandom(1));

  private WatchedDisk open() {
    return new WatchedDisk(raw, () -> NOW);
  }

  @Test
  void rule02NothingReachesTheDiskAfterAFailedSync() throws Exception {
    WatchedDisk disk = open();
    List<String> heard = Collections.synchronizedList(new ArrayList<>());
    disk.onFailedWrite(heard::add);
    disk.write(65536, ByteBuffer.allocate(512));
    raw.failSync(1);
    assertThatThrownBy(disk::sync).isInstanceOf(IOException.class);
    assertThat(heard).singleElement().asString().contains("in sync 1");
    long mutations = raw.mutations();
    assertThatThrownBy(disk::sync).hasMessageContaining("an earlier write failed");
    assertThatThrownBy(() -> disk.write(0, ByteBuffer.allocate(1))).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> disk.writeDurably(0, Disk.allocateAligned(4096)))
        .isInstanceOf(IOException.class);
    assertThat(raw.mutations()).isEqualTo(mutations);
    assertThat(disk.failure()).isPresent();
  }

  @Test
  void rule02TwoFailuresOfTwoStartsAreRememberedByTheDisk() {
    for (int start = 0; start < 2; start++) {
      WatchedDisk disk = open();
      assertThat(disk.failure()).isEmpty();
      assertThat(disk.failedWrites()).isEqualTo(start);
      raw.failSync(1);
      assertThatThrownBy(disk::sync).isInstanceOf(IOException.class);
    }
    assertThat(open().failure())
        .contains(
            "2 failed writes since it was formatted, the last at 2026-11-01T12:00:00Z:"
                + " input/output error on disk-1 in sync 2");
  }

  @Test
  void aDiskThatCannotEvenNoteItsFailureStillSaysSo() {
    WatchedDisk disk = open();
    List<String> heard = Collections.synchronizedList(new ArrayList<>());
    disk.onFailedWrite(heard::add);
    raw.failSync(1);
    raw.failDurableWrite(1);
    assertThatThrownBy(disk::sync).isInstanceOf(IOException.class);
    assertThat(heard).hasSize(1);
    assertThat(open().failedWrites()).isZero();
  }

  @Test
  void aLostBlockIsNoFailedDiskButManyAre() {
    WatchedDisk disk = open();
    raw.failReads(65536, 4096);
    for (int n = 0; n < 15; n++) {
      assertThatThrownBy(() -> disk.read(65536, ByteBuffer.allocate(1)))
          .isInstanceOf(IOException.class);
    }
    assertThat(disk.failure()).isEmpty();
    assertThatThrownBy(() -> disk.readDirect(65536, Disk.allocateAligned(4096)))
        .isInstanceOf(IOException.class);
    assertThat(disk.failure().orElseThrow()).startsWith("16 reads failed, the last: input/output");
    assertThat(disk.failedReads()).isEqualTo(16);
  }
}
