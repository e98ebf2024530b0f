package io.kurve.metastore.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.Transaction.Delete;
import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.metastore.Transaction.Put;
import io.kurve.metastore.embedded.KeyValueState.Held;
import io.kurve.metastore.embedded.LogRecord.LeaseEnded;
import io.kurve.metastore.embedded.LogRecord.LeaseGranted;
import io.kurve.metastore.embedded.LogRecord.Written;
import io.kurve.metastore.embedded.StoreFormat.Image;
import io.kurve.testkit.golden.GoldenFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StoreFormatGoldenTest {
  @TempDir Path directory = Path.of("");

  private static final List<LogRecord> RECORDS =
      List.of(
          new LeaseGranted(new LeaseId(7), Duration.ofSeconds(10)),
          new Written(
              2,
              List.of(
                  new Put("key", Bytes.ofText("value"), Optional.of(new LeaseId(7))),
                  new Delete("gone"))),
          new LeaseEnded(new LeaseId(7)));
  private static final Image IMAGE =
      new Image(
          2,
          9,
          8,
          new TreeMap<>(Map.of(7L, Duration.ofSeconds(10))),
          List.of(
              new Held(
                  new Entry("key", Bytes.ofText("value"), 2, 9), Optional.of(new LeaseId(7)))));

  @Test
  void logOfVersion1() {
    GoldenFile golden = new GoldenFile(getClass(), "metastore-log-v1.hex");
    byte[] body = StoreFormat.encode(RECORDS);
    golden.assertWrites(
        file(
            StoreFormat.fileHeader(StoreFormat.LOG_MAGIC, StoreFormat.LOG_VERSION),
            StoreFormat.frame(body, 0),
            StoreFormat.frame(body, 5)));

    ByteBuffer content = ByteBuffer.wrap(golden.read());
    var _ =
        StoreFormat.checkFileHeader(
            "golden", content, StoreFormat.LOG_MAGIC, StoreFormat.LOG_VERSION);
    byte[] read = StoreFormat.readFrame(content, 0).orElseThrow().body();
    assertThat(StoreFormat.decode("golden", read)).isEqualTo(RECORDS);
  }

  @Test
  void snapshotOfVersion1IsStillRead() throws Exception {
    Path file = directory.resolve("snapshot");
    Files.write(file, new GoldenFile(getClass(), "metastore-snapshot-v1.hex").read());
    assertThat(SnapshotFile.read(file)).contains(IMAGE);
  }

  @Test
  void snapshotOfVersion2() throws Exception {
    GoldenFile golden = new GoldenFile(getClass(), "metastore-snapshot-v2.hex");
    Path file = directory.resolve("snapshot");
    SnapshotFile.write(file, FileChannel::open, IMAGE);
    golden.assertWrites(Files.readAllBytes(file));

    Files.write(file, golden.read());
    assertThat(SnapshotFile.read(file)).contains(IMAGE);
  }

  @Test
  void aNewerSnapshotIsRefusedByName() throws Exception {
    byte[] newer = new GoldenFile(getClass(), "metastore-snapshot-v2.hex").read();
    Path file = directory.resolve("snapshot");
    Files.write(file, ByteBuffer.wrap(newer).putInt(8, 3).array());
    assertThatThrownBy(() -> SnapshotFile.read(file))
        .hasMessageContaining("format version 3; this software knows version 2");
  }

  private static byte[] file(ByteBuffer... parts) {
    ByteBuffer file = ByteBuffer.allocate(4096);
    for (ByteBuffer part : parts) {
      file.put(part);
    }
    byte[] content = new byte[file.flip().remaining()];
    file.get(content);
    return content;
  }
}
