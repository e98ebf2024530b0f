package io.kurve.metastore.embedded;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.metastore.embedded.StoreFormat.Frame;
import io.kurve.metastore.embedded.StoreFormat.Image;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads and writes the files of {@link StoreFormat}; one owner at a time, by a lock. */
final class StoreFiles implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StoreFiles.class);
  private static final Image EMPTY = new Image(1, 1, 1, new TreeMap<>(), List.of());

  /** What was found at the start: a snapshot's image and the records that follow it. */
  record Found(Image image, List<LogRecord> records) {}

  private final Path directory;
  private final ChannelSource channels;
  private final FileChannel lockFile;
  private final FileLock lock;
  private final Found found;
  private FileChannel log;
  private long logNumber;
  private long logBytes;
  private int chain;

  private StoreFiles(Path directory, ChannelSource channels, FileChannel lockFile, FileLock lock)
      throws IOException {
    this.directory = directory;
    this.channels = channels;
    this.lockFile = lockFile;
    this.lock = lock;
    Optional<Image> snapshot = SnapshotFile.read(snapshotPath());
    Image image = snapshot.orElse(EMPTY);
    this.logNumber = image.nextLog();
    Path file = logPath(logNumber);
    boolean fresh = snapshot.isEmpty() && !isBorn(file);
    if (fresh) {
      refuseStrayLogs();
      this.log = createLog(logNumber);
      syncDirectory();
      this.logBytes = StoreFormat.FILE_HEADER_BYTES;
      this.found = new Found(image, List.of());
    } else if (!Files.exists(file)) {
      throw StoreFormat.damaged(file + " is missing");
    } else {
      this.log = channels.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
      this.found = new Found(image, readLog(file));
    }
    deleteOldLogs();
  }

  /**
   * @throws KurveException IN_USE when another process has it; BAD_STORE when it is damaged
   */
  static StoreFiles open(Path directory, ChannelSource channels) throws IOException {
    Files.createDirectories(directory);
    FileChannel lockFile =
        channels.open(
            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      @Nullable FileLock lock;
      try {
        lock = lockFile.tryLock();
      } catch (OverlappingFileLockException e) {
        lock = null;
      }
      if (lock == null) {
        throw new KurveException(
            ErrorCode.IN_USE,
            directory + " is open in another process",
            "stop the other MDS, or give this one a directory of its own");
      }
      return new StoreFiles(directory, channels, lockFile, lock);
    } catch (IOException | RuntimeException e) {
      lockFile.close();
      throw e;
    }
  }

  Found found() {
    return found;
  }

  long logBytes() {
    return logBytes;
  }

  /** Durable on return. */
  void append(List<LogRecord> records) throws IOException {
    byte[] body = StoreFormat.encode(records);
    ByteBuffer frame = StoreFormat.frame(body, chain);
    int length = frame.remaining();
    while (frame.hasRemaining()) {
      log.write(frame, logBytes + length - frame.remaining());
    }
    log.force(false);
    logBytes += length;
    chain = StoreFormat.checksum(body, chain);
  }

  /** Replaces snapshot and log; the image's next log is this store's to choose. */
  void snapshot(Image state) throws IOException {
    long next = logNumber + 1;
    FileChannel nextLog = createLog(next);
    Image image =
        new Image(next, state.revision(), state.nextLease(), state.leases(), state.entries());
    Path temporary = directory.resolve("snapshot.new");
    SnapshotFile.write(temporary, channels, image);
    syncDirectory();
    Files.move(
        temporary,
        snapshotPath(),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    syncDirectory();
    log.close();
    log = nextLog;
    logNumber = next;
    logBytes = StoreFormat.FILE_HEADER_BYTES;
    chain = 0;
    deleteOldLogs();
  }

  @Override
  public void close() throws IOException {
    try (lockFile;
        FileChannel _ = log) {
      lock.release();
    }
  }

  /**
   * Before its header is whole nobody was told of anything: a start was killed, or found no room.
   */
  private static boolean isBorn(Path firstLog) throws IOException {
    return Files.exists(firstLog) && Files.size(firstLog) >= StoreFormat.FILE_HEADER_BYTES;
  }

  private List<LogRecord> readLog(Path file) throws IOException {
    ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(file));
    StoreFormat.checkFileHeader(
        file.toString(), content, StoreFormat.LOG_MAGIC, StoreFormat.LOG_VERSION);
    List<LogRecord> records = new ArrayList<>();
    while (content.hasRemaining()) {
      Optional<Frame> frame = StoreFormat.readFrame(content, chain);
      if (frame.isEmpty()) {
        cutTornTail(file, content);
        break;
      }
      records.addAll(StoreFormat.decode(file.toString(), frame.get().body()));
      chain = frame.get().checksum();
    }
    logBytes = content.position();
    writeAnew(content.duplicate().flip());
    return records;
  }

  /**
   * What was read may be in the kernel's cache only, after a failed sync even marked clean there.
   * Nobody is told of it before it is on the disk for certain.
   */
  private void writeAnew(ByteBuffer good) throws IOException {
    log.position(0);
    writeFully(log, good);
    log.force(true);
  }

  private void cutTornTail(Path file, ByteBuffer content) throws IOException {
    int end = content.position();
    if (StoreFormat.frameBehind(content, end + 1)) {
      throw StoreFormat.damaged(
          file + " is damaged at offset " + end + ", with good frames behind it");
    }
    LOG.info("{}: cutting {} unfinished bytes off the end", file, content.limit() - end);
    log.truncate(end);
    log.force(true);
  }

  private void refuseStrayLogs() throws IOException {
    for (Path stray : logs()) {
      if (!stray.equals(logPath(logNumber))) {
        throw StoreFormat.damaged(stray + " is there, but neither its snapshot nor the first log");
      }
    }
  }

  private void deleteOldLogs() throws IOException {
    for (Path file : logs()) {
      if (!file.equals(logPath(logNumber))) {
        Files.delete(file);
      }
    }
  }

  private List<Path> logs() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("log."))
          .sorted()
          .toList();
    }
  }

  private FileChannel createLog(long number) throws IOException {
    FileChannel created =
        channels.open(
            logPath(number),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    writeFully(created, StoreFormat.fileHeader(StoreFormat.LOG_MAGIC, StoreFormat.LOG_VERSION));
    created.force(true);
    return created;
  }

  private void syncDirectory() throws IOException {
    try (FileChannel channel = channels.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  static void writeFully(FileChannel channel, ByteBuffer content) throws IOException {
    while (content.hasRemaining()) {
      channel.write(content);
    }
  }

  private Path snapshotPath() {
    return directory.resolve("snapshot");
  }

  private Path logPath(long number) {
    return directory.resolve("log." + number);
  }
}
