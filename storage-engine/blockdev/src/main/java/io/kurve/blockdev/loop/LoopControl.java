package io.kurve.blockdev.loop;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The loop driver's ioctls ({@code linux/loop.h}). A device that is configured here has a share of
 * the kernel's dirty pages until it is cleared.
 *
 * <pre>
 * loop_config (304 bytes)          loop_info64 (232 bytes)
 *   0  u32 fd of the backing file    0  u64 device, inode, rdevice of the backing file
 *   4  u32 block size               24  u64 offset, size limit
 *   8  loop_info64                  40  u32 number, encrypt type, encrypt key size
 * 240  reserved                     52  u32 flags
 *                                   56  names and keys
 * </pre>
 */
final class LoopControl {
  private static final String CONTROL = "/dev/loop-control";
  private static final long LOOP_CLR_FD = 0x4C01;
  private static final long LOOP_SET_STATUS64 = 0x4C04;
  private static final long LOOP_GET_STATUS64 = 0x4C05;
  private static final long LOOP_SET_CAPACITY = 0x4C07;
  private static final long LOOP_CONFIGURE = 0x4C0A;
  private static final long LOOP_CTL_GET_FREE = 0x4C82;
  private static final long BLKGETSIZE64 = 0x80081272L;

  private static final int LO_FLAGS_AUTOCLEAR = 4;
  private static final int LO_FLAGS_DIRECT_IO = 16;
  private static final long CONFIG_BYTES = 304;
  private static final long INFO_BYTES = 232;
  private static final long INFO_IN_CONFIG = 8;
  private static final long FLAGS_IN_INFO = 52;

  private final Posix posix;
  private final WriteBackShare share = new WriteBackShare();

  LoopControl(Posix posix) {
    this.posix = posix;
  }

  /** The number of a device that is free now; somebody else may be faster. */
  int findFree() throws PosixException {
    int control = posix.open(CONTROL, Posix.O_RDWR);
    try {
      return (int) posix.ioctl(control, "find a free loop device", LOOP_CTL_GET_FREE, 0);
    } finally {
      posix.close(control);
    }
  }

  /** Asks for direct I/O; whether it is so must be read back. */
  void configure(int device, String name, int backingFile, int blockBytes) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment config = arena.allocate(CONFIG_BYTES, 8);
      config.set(JAVA_INT, 0, backingFile);
      config.set(JAVA_INT, 4, blockBytes);
      config.set(JAVA_INT, INFO_IN_CONFIG + FLAGS_IN_INFO, LO_FLAGS_DIRECT_IO);
      long ignored = posix.ioctl(device, "configure " + name, LOOP_CONFIGURE, config);
      share.limit(name);
    }
  }

  Status status(int device, String name) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(INFO_BYTES, 8);
      long ignored = posix.ioctl(device, "status of " + name, LOOP_GET_STATUS64, info);
      return new Status(
          info.get(JAVA_LONG, 8), (info.get(JAVA_INT, FLAGS_IN_INFO) & LO_FLAGS_DIRECT_IO) != 0);
    }
  }

  /** Takes the backing file's present size over. */
  void updateCapacity(int device, String name) throws PosixException {
    long ignored = posix.ioctl(device, "update size of " + name, LOOP_SET_CAPACITY, 0);
  }

  long sizeBytes(int device, String name) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(JAVA_LONG);
      long ignored = posix.ioctl(device, "size of " + name, BLKGETSIZE64, size);
      return size.get(JAVA_LONG, 0);
    }
  }

  /** Lets the backing file go: at once when nobody else has the device open, else at last close. */
  void clear(int device, String name) throws PosixException {
    share.lift(name); // afterwards it may be somebody else's
    long ignored = posix.ioctl(device, "clear " + name, LOOP_CLR_FD, 0);
  }

  /** Takes {@link #clear} back, as long as somebody has the device open. */
  void keep(int device, String name) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(INFO_BYTES, 8);
      long ignored = posix.ioctl(device, "status of " + name, LOOP_GET_STATUS64, info);
      info.set(JAVA_INT, FLAGS_IN_INFO, info.get(JAVA_INT, FLAGS_IN_INFO) & ~LO_FLAGS_AUTOCLEAR);
      long unused = posix.ioctl(device, "keep " + name, LOOP_SET_STATUS64, info);
      share.limit(name);
    }
  }

  /**
   * @param backingInode of the backing file
   */
  record Status(long backingInode, boolean direct) {}
}
