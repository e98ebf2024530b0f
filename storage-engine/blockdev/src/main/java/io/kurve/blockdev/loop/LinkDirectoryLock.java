package io.kurve.blockdev.loop;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Held while links of one directory are judged and changed, by all hosts of the machine: else one
 * could remove as dead what another has just bound anew.
 */
final class LinkDirectoryLock implements AutoCloseable {
  private static final Duration DEADLINE = Duration.ofSeconds(20);
  private static final Duration POLL = Duration.ofMillis(5);

  private final FileChannel channel;

  private LinkDirectoryLock(FileChannel channel) {
    this.channel = channel;
  }

  static LinkDirectoryLock take(Path directory) throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean locked = false;
    try {
      long end = System.nanoTime() + DEADLINE.toNanos();
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
          ErrorCode.UNAVAILABLE,
          "another volume host has " + directory + " locked for " + DEADLINE.toSeconds() + " s",
          "`fuser " + directory.resolve(".lock") + "` names it; end it if it hangs");
    }
    return new LinkDirectoryLock(channel);
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      @Nullable FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException anotherThread) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
