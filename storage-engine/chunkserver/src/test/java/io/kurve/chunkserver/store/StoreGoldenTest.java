package io.kurve.chunkserver.store;

import static io.kurve.chunkserver.store.StoreFixture.COPYSET_A;
import static io.kurve.chunkserver.store.StoreFixture.COPYSET_B;
import static io.kurve.chunkserver.store.StoreFixture.blocks;
import static io.kurve.chunkserver.store.StoreFixture.chunk;
import static io.kurve.chunkserver.store.StoreFixture.control;
import static io.kurve.chunkserver.store.StoreFixture.emptyDisk;
import static io.kurve.chunkserver.store.StoreFixture.formattedDisk;
import static io.kurve.chunkserver.store.StoreFixture.open;
import static io.kurve.chunkserver.store.StoreFixture.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.Region;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.metastore.Bytes;
import io.kurve.testkit.disk.VolatileDisk;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Format version 1, byte for byte. The golden file has each structure of a small store in hex: 32
 * bytes a line behind their offset on the disk; a line of zeros is left out.
 */
final class StoreGoldenTest {
  private static final int LINE_BYTES = 32;
  private static final HexFormat HEX = HexFormat.of();

  private static final Slot SLOT = new Slot(0, (1L << 32) + 1, chunk(101), COPYSET_A);
  private static final CopysetControl CONTROL_A = control(COPYSET_A, 77, List.of(SLOT));
  private static final CopysetControl CONTROL_B =
      new CopysetControl(
          COPYSET_B,
          new LogPosition(3, 5),
          new Membership(
              List.of(), List.of(new ReplicaId(new ChunkserverId(4), StoreFixture.STORE))),
          true,
          List.of(),
          Bytes.ofText("b"));

  @Test
  void aSmallStoreHasTheGoldenBytes() throws Exception {
    VolatileDisk disk = formattedDisk(1);
    try (ChunkStore store = open(disk)) {
      store.remember(new ClusterMemory(3, 5, 1_000, 212, 9));
      Slot slot = store.allocate(SLOT.address(), SLOT.copyset());
      assertThat(slot).isEqualTo(SLOT);
      write(store, slot, 1, blocks(1, 3));
      store.erase(slot, 2, 1);
      Slot freed = store.allocate(chunk(102), COPYSET_B);
      store.free(freed);
      store.checkpoint(List.of(CONTROL_A, CONTROL_B), Set.of());
    }
    assertThat(render(disk)).isEqualTo(golden());
  }

  @Test
  void theGoldenStoreIsReadAndRewritten() throws Exception {
    VolatileDisk disk = emptyDisk(1);
    for (String line : golden().lines().toList()) {
      if (!line.startsWith("#")) {
        String[] parts = line.split(" ", -1);
        disk.write(Long.parseLong(parts[0], 16), ByteBuffer.wrap(HEX.parseHex(parts[1])));
      }
    }
    disk.sync();
    rewriteHeaders(disk);
    Superblocks superblocks = Superblocks.load(disk);
    superblocks.write(superblocks.current());
    ControlAreas areas = new ControlAreas(disk, superblocks.current().layout(), StoreFixture.STORE);
    ControlAreas.Chosen chosen = areas.choose(superblocks.current().controlSequence());
    areas.write(chosen.area(), chosen.image());
    assertThat(render(disk)).isEqualTo(golden());

    ChunkStore store = open(disk);
    assertThat(store.identity()).isEqualTo(StoreFixture.IDENTITY);
    assertThat(store.memory()).isEqualTo(new ClusterMemory(3, 5, 1_000, 212, 9));
    assertThat(store.controls().values()).containsExactly(CONTROL_A, CONTROL_B);
    assertThat(store.damagedHeaders()).isZero();
    assertThat(store.written(SLOT).get(0, 512).stream()).containsExactly(1, 3);
    int[] checksums = new int[4];
    assertThat(store.checksums(SLOT, 0, 4, checksums).isEmpty()).isTrue();
    int[] data = BlockChecksum.ofBlocks(blocks(1, 3));
    assertThat(checksums)
        .containsExactly(BlockChecksum.ZERO_BLOCK, data[0], BlockChecksum.ZERO_BLOCK, data[2]);
  }

  private static void rewriteHeaders(Disk disk) throws IOException {
    StoreLayout layout = Superblocks.load(disk).current().layout();
    for (int number = 0; number < 2; number++) {
      ByteBuffer page = Page.allocate();
      disk.read(layout.headerOffset(number), page);
      SlotHeader header = SlotHeader.decode(page.clear()).orElseThrow();
      assertThat(header.inUse()).isEqualTo(number == 0);
      new SlotHeaders(disk, layout, header.store()).write(header.slot(), header.inUse());
    }
  }

  private static String render(Disk disk) throws IOException {
    StoreLayout layout = Superblocks.load(disk).current().layout();
    StringBuilder text = new StringBuilder();
    render(disk, "superblock A", new Region(0, Page.BYTES), text);
    render(disk, "control area 0", new Region(layout.controlArea(0).offset(), 8192), text);
    render(disk, "control area 1", new Region(layout.controlArea(1).offset(), 8192), text);
    render(disk, "header of slot 0", new Region(layout.headerOffset(0), Page.BYTES), text);
    render(disk, "header of slot 1", new Region(layout.headerOffset(1), Page.BYTES), text);
    Region table = new Region(layout.checksumOffset(0, 0), Page.BYTES);
    render(disk, "first page of the checksums of slot 0", table, text);
    render(disk, "superblock B", new Region(layout.superblockBOffset(), Page.BYTES), text);
    return text.toString();
  }

  private static void render(Disk disk, String title, Region region, StringBuilder text)
      throws IOException {
    text.append("# ").append(title).append('\n');
    byte[] line = new byte[LINE_BYTES];
    for (long at = region.offset(); at < region.end(); at += LINE_BYTES) {
      disk.read(at, ByteBuffer.wrap(line));
      if (!ByteBuffer.wrap(line).equals(ByteBuffer.allocate(LINE_BYTES))) {
        text.append("%08x %s%n".formatted(at, HEX.formatHex(line)));
      }
    }
  }

  private static String golden() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(StoreGoldenTest.class.getResourceAsStream("/golden/store-v1.hex"))) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }
  }
}
