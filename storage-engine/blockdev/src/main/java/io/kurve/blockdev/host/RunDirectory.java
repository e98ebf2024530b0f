package io.kurve.blockdev.host;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host's own directory, locked for as long as it lives: {@code lock}, {@code mounts/}, {@code
 * opening/} (what was asked for and has no mount yet) and {@code cluster}, the id of the cluster
 * that its attachments are of. Two hosts in one would take each other's devices for leftovers.
 */
public final class RunDirectory implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunDirectory.class);

  private final Path mounts;
  private final FileChannel channel;

  private RunDirectory(Path mounts, FileChannel channel) {
    this.mounts = mounts;
    this.channel = channel;
  }

  /**
   * @throws KurveException IN_USE when another host has it
   */
  public static RunDirectory lock(Path directory) throws IOException {
    Path mounts = directory.resolve("mounts");
    Files.createDirectories(mounts);
    Files.createDirectories(directory.resolve("opening"));
    FileChannel channel =
        FileChannel.open(
            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    @Nullable FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      channel.close();
      throw new KurveException(
          ErrorCode.IN_USE,
          "another volume host runs in " + directory,
          "stop it, or give this one a run directory of its own");
    }
    // As the kernel names it in mountinfo and sysfs.
    return new RunDirectory(mounts.toRealPath(), channel);
  }

  /** The cluster whose attachments are in it, if that is another one. */
  Optional<ClusterId> otherCluster(ClusterId own) throws IOException {
    Path file = mounts.resolveSibling("cluster");
    return Files.exists(file)
        ? Optional.of(ClusterId.parse(Files.readString(file).strip()))
            .filter(cluster -> !cluster.equals(own))
        : Optional.empty();
  }

  /** From now on its attachments are of this cluster. */
  void claim(ClusterId own) throws IOException {
    Path file = mounts.resolveSibling("cluster");
    Path fresh = mounts.resolveSibling("cluster.new");
    Files.writeString(fresh, own + "\n");
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Whether a host of the same cluster has this file, by the id beside its mounts. */
  public boolean isOfSameCluster(Path backingFile) {
    Path other = backingFile.resolve("../../../cluster").normalize();
    try {
      return Files.readString(other).equals(Files.readString(mounts.resolveSibling("cluster")));
    } catch (IOException e) {
      LOG.debug("{} is of a cluster that can't be told", backingFile, e);
      return false;
    }
  }

  public Path mounts() {
    return mounts;
  }

  LostDevices lost() {
    return LostDevices.beside(mounts);
  }

  Path openings() {
    return mounts.resolveSibling("opening");
  }

  /** Gives the lock up; what is mounted stays. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
