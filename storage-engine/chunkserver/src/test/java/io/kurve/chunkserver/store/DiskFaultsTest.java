package io.kurve.chunkserver.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.golden.GoldenFile;
import java.nio.ByteBuffer;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class DiskFaultsTest {
  private static final DiskFaults TWO =
      DiskFaults.NONE
          .plus(Instant.parse("2026-11-01T12:00:00Z"), "input/output error")
          .plus(Instant.parse("2026-11-02T12:00:00.5Z"), "no space on the device");

  private final VolatileDisk disk = StoreFixture.emptyDisk(1);
  private final GoldenFile golden = new GoldenFile(DiskFaultsTest.class, "disk-faults-v1.hex");

  @Test
  void hasTheGoldenBytes() throws Exception {
    TWO.save(disk);
    ByteBuffer page = ByteBuffer.allocate(Page.BYTES);
    disk.read(Page.BYTES, page);
    golden.assertWrites(page.array());
  }

  @Test
  void theGoldenPageIsReadAndRewritten() throws Exception {
    disk.writeDurably(Page.BYTES, Page.allocate().put(golden.read()).flip());
    assertThat(DiskFaults.load(disk)).isEqualTo(TWO);
    DiskFaults.load(disk).save(disk);
    hasTheGoldenBytes();
  }

  @Test
  void outlivesAStartAndEndsWithAFormat() throws Exception {
    StoreFixture.format(disk, StoreFixture.request(FormatRequest.ExistingData.DESTROY));
    TWO.save(disk);
    StoreFixture.open(disk).close();
    assertThat(DiskFaults.load(disk)).isEqualTo(TWO);
    StoreFixture.format(disk, StoreFixture.request(FormatRequest.ExistingData.DESTROY));
    assertThat(DiskFaults.load(disk)).isEqualTo(DiskFaults.NONE);
  }

  @Test
  void aTornPageOrALongTextIsNoTrouble() throws Exception {
    new DiskFaults(3, Instant.EPOCH, "long ".repeat(1000)).save(disk);
    assertThat(DiskFaults.load(disk).failedWrites()).isEqualTo(3);
    assertThat(DiskFaults.load(disk).last()).hasSize(1024);
    disk.flipBit(Page.BYTES + 100, 0);
    assertThat(DiskFaults.load(disk)).isEqualTo(DiskFaults.NONE);
  }
}
