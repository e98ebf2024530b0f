package io.kurve.testkit.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.disk.Disk;
import io.kurve.testkit.time.SeededRandom;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class VolatileDiskTest {
  private static final int SIZE = 1 << 20;

  private final VolatileDisk disk = disk(1);

  @Test
  void aSyncedWriteSurvivesAndReadsBack() throws IOException {
    disk.write(1000, filled(5000, 7));
    assertThat(bytes(disk, 1000, 5000)).containsOnly(7);
    disk.sync();
    disk.crash();
    disk.restart();
    assertThat(bytes(disk, 1000, 5000)).containsOnly(7);
    assertThat(bytes(disk, 0, 1000)).containsOnly(0);
  }

  @Test
  void anUnsyncedWriteIsTornAtSectors() throws IOException {
    Set<Integer> survivors = new HashSet<>();
    for (int seed = 0; seed < 50; seed++) {
      VolatileDisk torn = disk(seed);
      torn.write(4096, filled(4096, 1));
      torn.crash();
      torn.restart();
      int count = 0;
      for (int sector = 0; sector < 8; sector++) {
        byte[] bytes = bytes(torn, 4096 + sector * 512, 512);
        assertThat(bytes).containsOnly(bytes[0]);
        count += bytes[0];
      }
      survivors.add(count);
    }
    assertThat(survivors).contains(0, 8).hasSizeGreaterThan(4);
  }

  @Test
  void theSameSeedTearsTheSameWay() throws IOException {
    byte[] first = tornBytes(42);
    assertThat(tornBytes(42)).isEqualTo(first);
    assertThat(tornBytes(43)).isNotEqualTo(first);
  }

  @Test
  void powerFailsInTheMiddleOfADurableWrite() throws IOException {
    disk.writeDurably(0, aligned(8192, 1));
    disk.losePowerAt(2);
    disk.writeDurably(8192, aligned(4096, 2));
    assertThatThrownBy(() -> disk.writeDurably(0, aligned(8192, 3))).isInstanceOf(PowerLoss.class);
    assertThatThrownBy(() -> bytes(disk, 0, 1)).isInstanceOf(PowerLoss.class);
    assertThatThrownBy(disk::sync).isInstanceOf(PowerLoss.class);
    disk.restart();
    assertThat(bytes(disk, 0, 8192)).doesNotContain(0, 2);
    assertThat(bytes(disk, 8192, 4096)).containsOnly(2);
  }

  @Test
  void aKilledProcessLeavesBytesThatAPowerCutTakes() throws IOException {
    Set<Integer> afterThePowerCut = new HashSet<>();
    for (int seed = 0; seed < 20; seed++) {
      VolatileDisk killed = disk(seed);
      killed.killAt(1);
      assertThatThrownBy(() -> killed.writeDurably(0, aligned(4096, 3)))
          .isInstanceOf(ProcessKilled.class);
      assertThatThrownBy(() -> bytes(killed, 0, 1)).isInstanceOf(ProcessKilled.class);
      killed.restart();
      assertThat(bytes(killed, 0, 4096)).containsOnly(3);
      killed.crash();
      killed.restart();
      afterThePowerCut.add((int) bytes(killed, 0, 1)[0]);
    }
    assertThat(afterThePowerCut).containsOnly(0, 3);
  }

  @Test
  void anUnsyncedWriteDoesNotComeBackOverADurableOne() throws IOException {
    for (int seed = 0; seed < 20; seed++) {
      VolatileDisk torn = disk(seed);
      torn.write(0, filled(8192, 1));
      torn.writeDurably(4096, aligned(8192, 2));
      torn.crash();
      torn.restart();
      assertThat(bytes(torn, 4096, 8192)).containsOnly(2);
    }
  }

  @Test
  void aFailedSyncLosesItsDataAndTheNextSaysOk() throws IOException {
    disk.failSync(1);
    disk.write(0, filled(4096, 5));
    assertThatThrownBy(disk::sync).isInstanceOf(IOException.class);
    disk.write(8192, filled(512, 6));
    disk.sync();
    assertThat(bytes(disk, 0, 4096)).containsOnly(5);
    disk.crash();
    disk.restart();
    assertThat(bytes(disk, 0, 4096)).containsOnly(0);
    assertThat(bytes(disk, 8192, 512)).containsOnly(6);
  }

  @Test
  void aFailedDurableWriteLosesItsData() throws IOException {
    disk.failDurableWrite(1);
    assertThatThrownBy(() -> disk.writeDurably(0, aligned(4096, 5)))
        .isInstanceOf(IOException.class);
    disk.writeDurably(4096, aligned(4096, 6));
    assertThat(bytes(disk, 0, 4096)).containsOnly(0);
    assertThat(bytes(disk, 4096, 4096)).containsOnly(6);
  }

  @Test
  void durableWritesShowThroughCachedPages() throws IOException {
    disk.write(0, filled(4096, 1));
    disk.writeDurably(0, aligned(4096, 2));
    assertThat(bytes(disk, 0, 4096)).containsOnly(2);
  }

  @Test
  void readsFailWhereTheDiskIsBad() throws IOException {
    disk.failReads(8192, 512);
    assertThatThrownBy(() -> bytes(disk, 4096, 8192)).isInstanceOf(IOException.class);
    assertThat(bytes(disk, 4096, 4096)).containsOnly(0);
    disk.healReads();
    assertThat(bytes(disk, 4096, 8192)).containsOnly(0);
  }

  @Test
  void aBitRots() throws IOException {
    disk.writeDurably(0, aligned(4096, 0));
    disk.flipBit(17, 3);
    assertThat(bytes(disk, 17, 1)).containsExactly(8);
  }

  @Test
  void anImageBringsTheDiskBack() throws IOException {
    disk.writeDurably(0, aligned(4096, 1));
    VolatileDisk.Image image = disk.image();
    disk.writeDurably(0, aligned(4096, 2));
    disk.write(4096, filled(10, 3));
    disk.restore(image);
    assertThat(bytes(disk, 0, 4096)).containsOnly(1);
    assertThat(bytes(disk, 4096, 10)).containsOnly(0);
  }

  @Test
  void whatIsNotAlignedOrOutsideIsRefused() {
    assertThatThrownBy(() -> disk.writeDurably(512, aligned(4096, 1)))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> disk.readDirect(0, aligned(4096, 1).position(512)))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> disk.write(SIZE - 1, filled(2, 1))).isInstanceOf(IOException.class);
  }

  private static byte[] tornBytes(long seed) throws IOException {
    VolatileDisk torn = disk(seed);
    torn.write(100, filled(100_000, 1));
    torn.write(50_000, filled(100_000, 2));
    torn.crash();
    torn.restart();
    return bytes(torn, 0, 200_000);
  }

  private static VolatileDisk disk(long seed) {
    return new VolatileDisk("disk", SIZE, new SeededRandom(seed));
  }

  private static ByteBuffer filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return ByteBuffer.wrap(bytes);
  }

  private static ByteBuffer aligned(int length, int value) {
    return Disk.allocateAligned(length).put(filled(length, value)).flip();
  }

  private static byte[] bytes(Disk disk, long offset, int length) throws IOException {
    byte[] bytes = new byte[length];
    disk.read(offset, ByteBuffer.wrap(bytes));
    return bytes;
  }
}
