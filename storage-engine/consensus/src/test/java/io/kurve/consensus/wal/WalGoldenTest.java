package io.kurve.consensus.wal;

import static io.kurve.consensus.wal.WalBench.entry;
import static io.kurve.consensus.wal.WalBench.key;
import static io.kurve.consensus.wal.WalBench.replica;
import static io.kurve.consensus.wal.WalBench.vote;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.disk.Disk;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.golden.GoldenFile;
import io.prometheus.client.CollectorRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The format as files that later versions must read. A file has, of each block of the region that
 * is not all zeros: its number, its length without the zeros at its end, and so many bytes.
 */
class WalGoldenTest {
  private final GoldenFile golden = new GoldenFile(WalGoldenTest.class, "wal-v1.hex");

  @Test
  void allTypesAreDocumented() throws IOException {
    String page = Files.readString(Path.of("../../docs/ON_DISK_FORMAT.md"));
    String table = page.substring(page.indexOf("| type | record | body |"));
    Set<WalRecord.Type> documented =
        Pattern.compile("(?m)^\\| (\\d+(?:, \\d+)*) \\|")
            .matcher(table.substring(0, table.indexOf("\n\n")))
            .results()
            .flatMap(row -> Arrays.stream(row.group(1).split(", ")))
            .map(code -> WalRecord.Type.ofCode(Integer.parseInt(code)))
            .collect(Collectors.toSet());
    assertThat(documented).containsExactlyInAnyOrder(WalRecord.Type.values());
  }

  @Test
  void writesTheGoldenBytes() throws IOException, WalFull {
    VolatileDisk disk = WalBench.volatileDisk(1);
    writeOneOfEach(new WalBench(disk).open());
    golden.assertWrites(blocksOf(disk));
  }

  @Test
  void readsTheGoldenBytes() throws IOException {
    VolatileDisk disk = WalBench.volatileDisk(1);
    putBlocks(disk, golden.read());
    SharedWal wal = open(disk, 2);
    assertThat(wal.groups()).containsExactly(key(1), key(2));
    assertThat(wal.founders(key(1)))
        .contains(new Membership(List.of(replica(1), replica(2)), List.of(replica(3))));
    GroupLog log = wal.group(key(1)).orElseThrow();
    assertThat(log.hardState()).isEqualTo(vote(4, 2));
    assertThat(log.cutAt()).isEqualTo(new LogPosition(1, 1));
    assertThat(log.lastIndex()).isEqualTo(5);
    assertThat(log.read(2)).contains(entry(key(1), 1, 2, 30));
    assertThat(log.configurations()).hasSize(1);
    assertThat(log.read(5).orElseThrow().payload().remaining()).isEqualTo(30_000);
    assertThat(wal.group(key(2)).orElseThrow().cutAt()).isEqualTo(new LogPosition(3, 33));
    assertThat(wal.open(key(3)).hardState()).isEqualTo(vote(9, 3));
    assertThat(wal.storeState()).containsExactly(5, 6, 7);
  }

  @Test
  void writesAndReadsTheGoldenBytesOfAMove() throws IOException, WalFull {
    GoldenFile moved = new GoldenFile(WalGoldenTest.class, "wal-moved-v1.hex");
    VolatileDisk disk = WalBench.volatileDisk(1);
    SharedWal wal = new WalBench(disk).open();
    GroupLog log = wal.open(key(1));
    log.append(
        List.of(
            entry(key(1), 1, 1, 24),
            record(2, LogRecord.Kind.CONFIGURATION, 40),
            record(3, LogRecord.Kind.NO_OP, 0)));
    wal.moveUp(List.of(key(1)));
    moved.assertWrites(blocksOf(disk));

    VolatileDisk other = WalBench.volatileDisk(1);
    putBlocks(other, moved.read());
    GroupLog read = open(other, 2).group(key(1)).orElseThrow();
    assertThat(read.read(1)).contains(entry(key(1), 1, 1, 24));
    assertThat(read.configurations()).containsExactly(record(2, LogRecord.Kind.CONFIGURATION, 40));
    assertThat(read.lastIndex()).isEqualTo(3);
  }

  @Test
  void aNewerFormatIsRefused() throws IOException {
    VolatileDisk disk = WalBench.volatileDisk(1);
    ByteBuffer frame = Disk.allocateAligned(Disk.ALIGNMENT);
    FrameHeader newer =
        new FrameHeader(
            FrameHeader.VERSION + 1,
            WalBench.STORE,
            new FrameHeader.Order(1, 0, 0),
            new FrameHeader.Place(0, 0, 0, WalBench.SEGMENT_BYTES, 8),
            FrameHeader.Kind.HEAD,
            new FrameHeader.Content(0, 0),
            new FrameHeader.Chain(0, 0));
    assertThat(newer.seal(frame).checksum()).isNotZero();
    disk.writeDurably(WalBench.REGION.offset(), frame);
    assertThatThrownBy(() -> open(disk, 2))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_STORE))
        .hasMessageContaining("has format version 2; this program knows version 1");
  }

  private static void writeOneOfEach(SharedWal wal) throws WalFull {
    Membership founders = new Membership(List.of(replica(1), replica(2)), List.of(replica(3)));
    GroupLog log = wal.found(key(1), founders);
    log.saveHardState(vote(4, 2));
    log.append(List.of(entry(key(1), 1, 1, 24), entry(key(1), 1, 2, 30)));
    log.append(List.of(record(3, LogRecord.Kind.CONFIGURATION, 40)));
    log.append(List.of(record(4, LogRecord.Kind.NO_OP, 0), record(5, LogRecord.Kind.DATA, 30_000)));
    log.append(List.of(record(6, LogRecord.Kind.DATA, 30_000)));
    log.truncateSuffix(5);
    log.truncatePrefix(new LogPosition(1, 1));
    wal.open(key(2)).reset(new LogPosition(3, 33));
    wal.open(key(3)).saveHardState(vote(9, 3));
    wal.purge(key(3));
    wal.saveStoreState(new byte[] {5, 6, 7});
    assertThat(wal.space().usedBytes()).isGreaterThan(WalBench.SEGMENT_BYTES);
  }

  private static LogRecord record(long index, LogRecord.Kind kind, int zeros) {
    return new LogRecord(index, 2, kind, ByteBuffer.allocate(zeros));
  }

  private static SharedWal open(Disk disk, long generation) {
    return SharedWal.open(
            disk,
            WalBench.config(generation),
            new HaltingFaultHandler(),
            new WalMetrics(new CollectorRegistry()))
        .orThrow();
  }

  private static byte[] blocksOf(Disk disk) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int blocks = (int) (WalBench.REGION.lengthBytes() / Disk.ALIGNMENT);
    for (int block = 0; block < blocks; block++) {
      byte[] bytes = new byte[Disk.ALIGNMENT];
      disk.readDirect(
          WalBench.REGION.offset() + (long) block * Disk.ALIGNMENT, ByteBuffer.wrap(bytes));
      int length = bytes.length;
      while (length > 0 && bytes[length - 1] == 0) {
        length--;
      }
      if (length > 0) {
        out.writeBytes(ByteBuffer.allocate(8).putInt(block).putInt(length).array());
        out.write(bytes, 0, length);
      }
    }
    return out.toByteArray();
  }

  private static void putBlocks(Disk disk, byte[] golden) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(golden);
    while (in.hasRemaining()) {
      long block = in.getInt();
      int length = in.getInt();
      ByteBuffer bytes = ByteBuffer.allocate(Disk.ALIGNMENT).put(in.slice(in.position(), length));
      disk.writeDurably(WalBench.REGION.offset() + block * Disk.ALIGNMENT, bytes.clear());
      in.position(in.position() + length);
    }
  }
}
