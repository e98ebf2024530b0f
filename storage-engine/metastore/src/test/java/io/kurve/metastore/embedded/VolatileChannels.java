package io.kurve.metastore.embedded;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Channels to real files, of which a power cut takes all that was not forced. A force can fail
 * once; later ones say OK, as those of Linux do.
 */
final class VolatileChannels implements ChannelSource {
  private static final long NEVER = -1;

  /** By the file itself: it may get another name. */
  private final Map<Object, byte[]> durable = new HashMap<>();

  private final AtomicLong forces = new AtomicLong();
  private volatile long failing = NEVER;

  /** The nth force from now; 1 is the next one. */
  void failForce(long nth) {
    failing = forces.get() + nth;
  }

  void losePower(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(directory)) {
      files = found.toList();
    }
    for (Path file : files) {
      byte[] kept = durable.get(key(file));
      if (kept != null) {
        Files.write(file, kept);
      }
    }
  }

  private static Object key(Path file) throws IOException {
    return Objects.requireNonNull(Files.readAttributes(file, BasicFileAttributes.class).fileKey());
  }

  @Override
  public FileChannel open(Path file, OpenOption... options) throws IOException {
    byte @Nullable [] before = Files.isRegularFile(file) ? Files.readAllBytes(file) : null;
    FileChannel real = FileChannel.open(file, options);
    if (Files.isDirectory(file)) {
      return new Forced(real, () -> {});
    }
    Object key = key(file);
    if (before == null) {
      durable.put(key, new byte[0]);
    } else {
      durable.putIfAbsent(key, before);
    }
    return new Forced(real, () -> durable.put(key, Files.readAllBytes(file)));
  }

  @FunctionalInterface
  private interface OnForce {
    void forced() throws IOException;
  }

  private final class Forced extends FileChannel {
    private final FileChannel real;
    private final OnForce onForce;

    Forced(FileChannel real, OnForce onForce) {
      this.real = real;
      this.onForce = onForce;
    }

    @Override
    public void force(boolean metadata) throws IOException {
      if (forces.incrementAndGet() == failing) {
        throw new IOException("input/output error in force " + failing);
      }
      real.force(metadata);
      onForce.forced();
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      return real.read(target);
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
      return real.read(targets, offset, length);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
      return real.write(source);
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
      return real.write(sources, offset, length);
    }

    @Override
    public long position() throws IOException {
      return real.position();
    }

    @Override
    public FileChannel position(long position) throws IOException {
      real.position(position);
      return this;
    }

    @Override
    public long size() throws IOException {
      return real.size();
    }

    @Override
    public FileChannel truncate(long size) throws IOException {
      real.truncate(size);
      return this;
    }

    @Override
    public long transferTo(long position, long count, WritableByteChannel target)
        throws IOException {
      return real.transferTo(position, count, target);
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long position, long count)
        throws IOException {
      return real.transferFrom(source, position, count);
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      return real.read(target, position);
    }

    @Override
    public int write(ByteBuffer source, long position) throws IOException {
      return real.write(source, position);
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long position, long size) throws IOException {
      return real.map(mode, position, size);
    }

    @Override
    public FileLock lock(long position, long size, boolean shared) throws IOException {
      return real.lock(position, size, shared);
    }

    @Override
    public @Nullable FileLock tryLock(long position, long size, boolean shared) throws IOException {
      return real.tryLock(position, size, shared);
    }

    @Override
    protected void implCloseChannel() throws IOException {
      real.close();
    }
  }
}
