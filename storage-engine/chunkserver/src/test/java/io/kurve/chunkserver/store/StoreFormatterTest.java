package io.kurve.chunkserver.store;

import static io.kurve.chunkserver.store.StoreFixture.emptyDisk;
import static io.kurve.chunkserver.store.StoreFixture.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.store.FormatRequest.ExistingData;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.disk.Preallocation;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
import io.kurve.testkit.disk.PowerLoss;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.time.SeededRandom;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class StoreFormatterTest {
  static Stream<DiskSignature> signatures() {
    return DiskSignature.KNOWN.stream();
  }

  @ParameterizedTest
  @MethodSource("signatures")
  void aDiskWithASignatureIsRefusedAndNamed(DiskSignature signature) throws Exception {
    VolatileDisk disk = emptyDisk(1);
    long offset =
        switch (signature.place()) {
          case DiskSignature.Place.FromStart(int at) -> at;
          case DiskSignature.Place.FromEnd(int distance, int granule) ->
              disk.sizeBytes() / granule * granule - distance;
        };
    disk.write(offset, ByteBuffer.wrap(signature.bytes()));
    refused(disk, ErrorCode.REFUSED, signature.owner());
  }

  @Test
  void aMemberOfAZfsPoolIsRefusedByAnyOfItsLabels() throws Exception {
    long label = 256 << 10;
    for (long begin : new long[] {0, label, -2 * label, -label}) {
      VolatileDisk disk = emptyDisk(1);
      long at = (begin < 0 ? disk.sizeBytes() + begin : begin) + (128 << 10) + 5 * 1024;
      disk.write(at, ByteBuffer.wrap(new byte[] {0x0c, (byte) 0xb1, (byte) 0xba, 0, 0, 0, 0, 0}));
      refused(disk, ErrorCode.REFUSED, "ZFS");
    }
  }

  @Test
  void aPartitionTableIsNotTakenForTheFileSystemBehindIt() throws Exception {
    VolatileDisk disk = emptyDisk(1);
    disk.write(510, ByteBuffer.wrap(new byte[] {0x55, (byte) 0xaa}));
    disk.write(512, ascii("EFI PART"));
    refused(disk, ErrorCode.REFUSED, "GPT");
    disk.write(3, ascii("NTFS    "));
    refused(disk, ErrorCode.REFUSED, "NTFS");
  }

  @Test
  void unknownDataAtEitherEdgeIsRefused() throws Exception {
    VolatileDisk start = emptyDisk(1);
    start.write(DiskContent.EDGE_BYTES - 1, ByteBuffer.wrap(new byte[] {1}));
    refused(start, ErrorCode.REFUSED, "unknown data at its start");
    VolatileDisk end = emptyDisk(1);
    end.write(end.sizeBytes() - DiskContent.EDGE_BYTES, ByteBuffer.wrap(new byte[] {1}));
    refused(end, ErrorCode.REFUSED, "unknown data at its end");
  }

  @Test
  void aStoreIsRefusedAndNamedUntilItMayBeDestroyed() throws Exception {
    VolatileDisk disk = StoreFixture.formattedDisk(1);
    refused(
        disk, ErrorCode.REFUSED, StoreFixture.STORE.toString(), StoreFixture.CLUSTER.toString());
    ChunkStore store = StoreFixture.open(disk);
    store.remember(new ClusterMemory(3, 0, 0, 0, 0));
    disk.flipBit(9, 1);
    refused(disk, ErrorCode.REFUSED, "Kurve store");
    disk.flipBit(store.layout().superblockBOffset() + 9, 1);
    refused(disk, ErrorCode.REFUSED, "damaged Kurve store");

    StoreFixture.format(disk, request(ExistingData.DESTROY));
    ChunkStore fresh = StoreFixture.open(disk);
    assertThat(fresh.memory()).isEqualTo(ClusterMemory.EMPTY);
    assertThat(fresh.generation().value()).isEqualTo(1);
  }

  @Test
  void metadataAndWalOfADiskFullOfOldBytesBecomeZeros() throws Exception {
    VolatileDisk disk = emptyDisk(1);
    ByteBuffer garbage = ByteBuffer.allocate(1 << 20);
    while (garbage.hasRemaining()) {
      garbage.put((byte) 0x5a);
    }
    for (long at = 0; at < disk.sizeBytes(); at += garbage.capacity()) {
      disk.write(at, garbage.clear());
    }
    StoreLayout layout = StoreFixture.format(disk, request(ExistingData.DESTROY));
    disk.crash();
    disk.restart();
    for (long at = Page.BYTES; at < layout.checksums().end(); at += Page.BYTES) {
      ByteBuffer page = ByteBuffer.allocate(Page.BYTES);
      disk.read(at, page);
      boolean isImage = at == layout.controlArea(0).offset();
      assertThat(Page.isZero(page)).as("page at %d", at).isEqualTo(!isImage);
    }
  }

  @Test
  void aFormatThatIsCutOffLeavesNoStoreOrAWholeOne() {
    VolatileDisk whole = emptyDisk(1);
    StoreFixture.format(whole, request(ExistingData.REFUSE));
    long operations = whole.mutations();
    for (long cut = 1; cut <= operations; cut++) {
      VolatileDisk disk = StoreFixture.formattedDisk(cut);
      ChunkStore old = StoreFixture.open(disk);
      old.remember(new ClusterMemory(3, 0, 0, 0, 0));
      disk.losePowerAt(cut);
      assertThatThrownBy(() -> StoreFixture.format(disk, request(ExistingData.DESTROY)))
          .isInstanceOf(PowerLoss.class);
      disk.restart();
      try {
        ChunkStore store = StoreFixture.open(disk);
        boolean untouched = cut <= 3;
        assertThat(store.generation().value()).isEqualTo(untouched ? 2 : 1);
      } catch (KurveException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.BAD_STORE);
        assertThat(e.text()).containsAnyOf("is not a Kurve store", "both superblocks");
      }
    }
  }

  @Test
  void aDiskThatIsTooSmallIsToldTheMinimum() {
    VolatileDisk disk = new VolatileDisk("disk-0", 50L << 20, new SeededRandom(1));
    refused(
        () -> StoreFormatter.format(disk, FormatRequest.of(StoreFixture.IDENTITY)),
        ErrorCode.NO_SPACE,
        "50 MiB is too small",
        "98.0 MiB");
    refused(
        () ->
            StoreFormatter.format(
                disk,
                new FormatRequest(
                    StoreFixture.IDENTITY,
                    OptionalLong.of(1000),
                    OptionalLong.empty(),
                    ExistingData.REFUSE)),
        ErrorCode.INVALID_ARGUMENT,
        "1000");
    assertThat(disk.mutations()).isZero();
  }

  @Test
  void defaultSizesFollowTheDisk() {
    long[][] diskAndWalMiB = {{200, 64}, {2048, 128}, {8192, 512}, {1 << 20, 1024}};
    for (long[] sizes : diskAndWalMiB) {
      long diskBytes = sizes[0] << 20;
      StoreLayout layout =
          StoreLayout.of(new ByteSize(diskBytes + 100), OptionalLong.empty(), OptionalLong.empty());
      assertThat(layout.wal().lengthBytes()).isEqualTo(sizes[1] << 20);
      assertThat(layout.totalBytes()).isEqualTo(diskBytes);
      assertThat(layout.slots().end() + Page.BYTES).isLessThanOrEqualTo(diskBytes);
      assertThat(layout.slots().end() + (17L << 20) + 2 * (1L << 20)).isGreaterThan(diskBytes);
      assertThat(layout.controlArea(1).lengthBytes())
          .isGreaterThanOrEqualTo((8L << 20) + 256L * layout.slotCount());
    }
  }

  @Test
  void worksOnAPreallocatedFileAndKeepsASecondOwnerOut(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("store");
    new Preallocation().createFile(file, new ByteSize(StoreFixture.DISK_BYTES));
    assertThatThrownBy(() -> FileDisk.openReadOnly(folder.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
    try (FileDisk disk = FileDisk.open(file)) {
      assertThat(disk.sizeBytes()).isEqualTo(StoreFixture.DISK_BYTES);
      StoreFixture.format(disk, request(ExistingData.REFUSE));
      try (ChunkStore store = StoreFixture.open(disk)) {
        SlotStore.Slot slot = store.allocate(StoreFixture.chunk(101), StoreFixture.COPYSET_A);
        StoreFixture.write(store, slot, 7, StoreFixture.blocks(1, 3));
        store.checkpoint(
            List.of(StoreFixture.control(StoreFixture.COPYSET_A, 1, List.of(slot))), Set.of());
      }
      refused(() -> FileDisk.openReadOnly(file), ErrorCode.IN_USE, "open in another process");
    }
    try (FileDisk disk = FileDisk.open(file);
        ChunkStore store = StoreFixture.open(disk)) {
      SlotStore.Slot slot = store.controls().values().iterator().next().slots().getFirst();
      assertThat(StoreFixture.read(store, slot, 7, 3)).isEqualTo(StoreFixture.blocks(1, 3));
    }
  }

  @Test
  void worksOnABlockDevice(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("file");
    new Preallocation().createFile(file, new ByteSize(StoreFixture.DISK_BYTES));
    Path device = Path.of(run("losetup", "--find", "--show", file.toString()));
    try {
      try (FileDisk disk = FileDisk.open(device)) {
        StoreFixture.format(disk, request(ExistingData.REFUSE));
        try (ChunkStore store = StoreFixture.open(disk)) {
          SlotStore.Slot slot = store.allocate(StoreFixture.chunk(101), StoreFixture.COPYSET_A);
          StoreFixture.write(store, slot, 7, StoreFixture.blocks(1, 3));
          store.checkpoint(
              List.of(StoreFixture.control(StoreFixture.COPYSET_A, 1, List.of(slot))), Set.of());
        }
      }
      try (FileDisk disk = FileDisk.open(device);
          ChunkStore store = StoreFixture.open(disk)) {
        SlotStore.Slot slot = store.controls().values().iterator().next().slots().getFirst();
        assertThat(StoreFixture.read(store, slot, 7, 3)).isEqualTo(StoreFixture.blocks(1, 3));
        refused(
            () -> StoreFormatter.format(disk, request(ExistingData.REFUSE)),
            ErrorCode.REFUSED,
            "is not empty");
      }
    } finally {
      run("losetup", "--detach", device.toString());
    }
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.strip();
  }

  private static ByteBuffer ascii(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static void refused(VolatileDisk disk, ErrorCode code, String... words) throws Exception {
    disk.sync();
    long mutations = disk.mutations();
    refused(() -> StoreFormatter.format(disk, request(ExistingData.REFUSE)), code, words);
    assertThat(disk.mutations()).isEqualTo(mutations);
  }

  private static void refused(ThrowingCallable call, ErrorCode code, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            KurveException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.text()).contains(words);
              assertThat(e.cure()).isNotEmpty();
            });
  }
}
