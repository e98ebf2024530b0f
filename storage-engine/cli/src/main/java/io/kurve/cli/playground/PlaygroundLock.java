package io.kurve.cli.playground;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.StandardOpenOption;

/** One command changes a playground at a time; the lock dies with the command. */
final class PlaygroundLock implements AutoCloseable {
  private final FileChannel channel;

  private PlaygroundLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * @throws KurveException IN_USE
   */
  static PlaygroundLock take(Layout layout) throws IOException {
    FileChannel channel =
        FileChannel.open(layout.lockFile(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean locked = false;
    try {
      locked = channel.tryLock() != null;
    } catch (OverlappingFileLockException sameProcess) {
      locked = false;
    } finally {
      if (!locked) {
        channel.close();
      }
    }
    if (!locked) {
      throw new KurveException(
          ErrorCode.IN_USE,
          "another playground command works on " + layout.directory(),
          "wait until it has ended");
    }
    return new PlaygroundLock(channel);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
