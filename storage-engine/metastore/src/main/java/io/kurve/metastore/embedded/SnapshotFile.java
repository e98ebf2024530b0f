package io.kurve.metastore.embedded;

import io.kurve.metastore.embedded.KeyValueState.Held;
import io.kurve.metastore.embedded.StoreFormat.Frame;
import io.kurve.metastore.embedded.StoreFormat.Image;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** The snapshot of {@link StoreFormat}, a frame after the other: it has no greatest size. */
final class SnapshotFile {
  private final Path file;
  private int chain;

  private SnapshotFile(Path file) {
    this.file = file;
  }

  /** Durable on return, but for its name. */
  static void write(Path file, ChannelSource channels, Image image) throws IOException {
    SnapshotFile snapshot = new SnapshotFile(file);
    try (FileChannel out =
        channels.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      StoreFiles.writeFully(
          out, StoreFormat.fileHeader(StoreFormat.SNAPSHOT_MAGIC, StoreFormat.SNAPSHOT_VERSION));
      snapshot.writeFrame(out, StoreFormat.encodeHead(image));
      Iterator<Held> entries = image.entries().iterator();
      while (entries.hasNext()) {
        snapshot.writeFrame(out, StoreFormat.encodeEntries(entries, StoreFormat.ENTRIES_BYTES));
      }
      snapshot.writeFrame(out, new byte[0]);
      out.force(true);
    }
  }

  static Optional<Image> read(Path file) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      return Optional.of(new SnapshotFile(file).read(in));
    }
  }

  private void writeFrame(FileChannel out, byte[] body) throws IOException {
    StoreFiles.writeFully(out, StoreFormat.frame(body, chain));
    chain = StoreFormat.checksum(body, chain);
  }

  private Image read(InputStream in) throws IOException {
    String name = file.toString();
    int version =
        StoreFormat.checkFileHeader(
            name,
            ByteBuffer.wrap(in.readNBytes(StoreFormat.FILE_HEADER_BYTES)),
            StoreFormat.SNAPSHOT_MAGIC,
            StoreFormat.SNAPSHOT_VERSION);
    byte[] first = readFrame(in);
    if (version == 1) {
      return StoreFormat.decodeImageOfVersion1(name, first);
    }
    List<Held> entries = new ArrayList<>();
    for (byte[] body = readFrame(in); body.length > 0; body = readFrame(in)) {
      entries.addAll(StoreFormat.decodeEntries(name, body));
    }
    return StoreFormat.decodeHead(name, first).with(entries);
  }

  private byte[] readFrame(InputStream in) throws IOException {
    byte[] header = in.readNBytes(StoreFormat.FRAME_HEADER_BYTES);
    int length =
        header.length < StoreFormat.FRAME_HEADER_BYTES ? -1 : ByteBuffer.wrap(header).getInt(4);
    if (length < 0 || length > StoreFormat.MAX_BODY_BYTES) {
      throw StoreFormat.damaged(file + " ends too early or has a damaged frame");
    }
    byte[] body = in.readNBytes(length);
    ByteBuffer whole =
        ByteBuffer.allocate(header.length + body.length).put(header).put(body).flip();
    Frame frame =
        StoreFormat.readFrame(whole, chain)
            .orElseThrow(() -> StoreFormat.damaged(file + " has a bad checksum"));
    chain = frame.checksum();
    return frame.body();
  }
}
