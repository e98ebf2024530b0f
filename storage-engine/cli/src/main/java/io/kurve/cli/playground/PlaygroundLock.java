package io.kurve.cli.playground;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** One command changes a playground at a time; the lock dies with the command. */
final class PlaygroundLock implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(5);

  private final FileChannel channel;

  private PlaygroundLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * @throws KurveException IN_USE
   */
  static PlaygroundLock take(Layout layout) throws IOException {
    return take(layout.lockFile(), Duration.ZERO);
  }

  /**
   * @param patience with the one who has it
   * @throws KurveException IN_USE
   */
  static PlaygroundLock take(Path file, Duration patience) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean locked = false;
    try {
      long end = System.nanoTime() + patience.toNanos();
      locked = isLocked(channel);
      while (!locked && System.nanoTime() - end < 0) {
        LockSupport.parkNanos(POLL.toNanos());
        locked = isLocked(channel);
      }
    } finally {
      if (!locked) {
        channel.close();
      }
    }
    if (!locked) {
      throw new KurveException(
          ErrorCode.IN_USE,
          "another playground command works on " + file.getParent(),
          "wait until it has ended");
    }
    return new PlaygroundLock(channel);
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException sameProcess) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
