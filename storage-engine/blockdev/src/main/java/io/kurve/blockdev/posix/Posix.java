package io.kurve.blockdev.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Every native call of this room.
 *
 * <p>Calls that set things up throw {@link PosixException} with the call, its object and the errno.
 * {@link #read} and {@link #write}, which run for each request, return the count or minus the errno
 * and take the few bytes in which the errno is captured from their caller. All of them block the
 * carrier of a virtual thread: call them from platform threads.
 */
public final class Posix {
  public static final int O_RDONLY = 0;
  public static final int O_RDWR = 2;
  public static final short POLLIN = 1;
  public static final int O_EXCL = 0x80;
  public static final int O_CLOEXEC = 0x80000;

  public static final long MS_NOSUID = 2;
  public static final long MS_NODEV = 4;
  public static final long MS_NOEXEC = 8;
  public static final int MNT_FORCE = 1;
  public static final int MNT_DETACH = 2;

  /** Bytes that a caller of {@link #read} or {@link #write} sets aside for the errno. */
  public static final long CAPTURE_BYTES = Linker.Option.captureStateLayout().byteSize();

  private static final int PROT_READ_WRITE = 3;

  /** More than a process here ever has open besides, and half of what it may have, if less. */
  private static final int HIGHEST_LEAST_NUMBER = 4096;

  private static final int LOWEST_LEAST_NUMBER = 256;
  private static final int MAP_SHARED = 1;
  private static final int MFD_CLOEXEC = 1;
  private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x2 | 0x20 | 0x4000;
  private static final int MCL_CURRENT_FUTURE_ONFAULT = 1 | 2 | 4;
  private static final int PR_SET_IO_FLUSHER = 57;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int S_IFBLK_OWNER_ONLY = 0060000 | 0600;

  private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final Linker LINKER = Linker.nativeLinker();

  private static final MethodHandle OPEN = variadic("open", 2, ADDRESS, JAVA_INT);
  private static final MethodHandle CLOSE = of("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle FCNTL = variadic("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle READ = of("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle WRITE = of("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle FSYNC = of("fsync", JAVA_INT, JAVA_INT);
  private static final MethodHandle MOUNT =
      of("mount", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
  private static final MethodHandle UMOUNT2 = of("umount2", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle IOCTL_POINTER =
      variadic("ioctl", 2, JAVA_INT, JAVA_LONG, ADDRESS);
  private static final MethodHandle IOCTL_NUMBER =
      variadic("ioctl", 2, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PRCTL =
      variadic("prctl", 1, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle MLOCKALL = of("mlockall", JAVA_INT, JAVA_INT);
  private static final MethodHandle MKNOD = of("mknod", JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG);
  private static final MethodHandle MMAP =
      of("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle MUNMAP = of("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);

  private static final MethodHandle MEMFD_CREATE = of("memfd_create", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle FTRUNCATE = of("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle POLL = of("poll", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);

  public int open(String path, int flags) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path);
      return (int) checked("open " + path, c -> (int) OPEN.invokeExact(c, name, flags | O_CLOEXEC));
    }
  }

  public void close(int descriptor) throws PosixException {
    check("close descriptor " + descriptor, c -> (int) CLOSE.invokeExact(c, descriptor));
  }

  /**
   * Gives a descriptor another number.
   *
   * @return the new number, this one or above; the old one is closed
   */
  public int renumber(int descriptor, int least) throws PosixException {
    int renumbered =
        (int)
            checked(
                "duplicate descriptor " + descriptor,
                c -> (int) FCNTL.invokeExact(c, descriptor, F_DUPFD_CLOEXEC, least));
    close(descriptor);
    return renumbered;
  }

  /**
   * @param capture {@link #CAPTURE_BYTES} that no other call uses meanwhile
   * @return the count, or minus the errno
   */
  public long read(int descriptor, MemorySegment target, MemorySegment capture) {
    return result(c -> (long) READ.invokeExact(c, descriptor, target, target.byteSize()), capture);
  }

  /**
   * @param capture {@link #CAPTURE_BYTES} that no other call uses meanwhile
   * @return the count, or minus the errno
   */
  public long write(int descriptor, MemorySegment source, MemorySegment capture) {
    return result(c -> (long) WRITE.invokeExact(c, descriptor, source, source.byteSize()), capture);
  }

  /** Waits for the device; under a stall it waits for as long as that lasts. */
  public void fsync(int descriptor, String what) throws PosixException {
    check("fsync " + what, c -> (int) FSYNC.invokeExact(c, descriptor));
  }

  public void mount(String source, String target, String type, long flags, String options)
      throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocateFrom(source);
      MemorySegment to = arena.allocateFrom(target);
      MemorySegment kind = arena.allocateFrom(type);
      MemorySegment data = arena.allocateFrom(options);
      check(
          "mount " + type + " on " + target,
          c -> (int) MOUNT.invokeExact(c, from, to, kind, flags, data));
    }
  }

  public void unmount(String target, int flags) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(target);
      check("umount " + target, c -> (int) UMOUNT2.invokeExact(c, name, flags));
    }
  }

  /** An ioctl whose argument is a structure, filled by the kernel or read by it. */
  public long ioctl(int descriptor, String what, long request, MemorySegment argument)
      throws PosixException {
    return checked(what, c -> (int) IOCTL_POINTER.invokeExact(c, descriptor, request, argument));
  }

  /** An ioctl whose argument is a number. */
  public long ioctl(int descriptor, String what, long request, long argument)
      throws PosixException {
    return checked(what, c -> (int) IOCTL_NUMBER.invokeExact(c, descriptor, request, argument));
  }

  /**
   * Tells the kernel that the calling thread, and each that it starts from now on, serves a block
   * device: freeing memory for them must not wait for that device. Needs CAP_SYS_RESOURCE.
   */
  public void becomeIoFlusher() throws PosixException {
    check(
        "prctl PR_SET_IO_FLUSHER",
        c -> (int) PRCTL.invokeExact(c, PR_SET_IO_FLUSHER, 1L, 0L, 0L, 0L));
  }

  /** Keeps each page in memory that is touched once. */
  public void lockMemory() throws PosixException {
    check("mlockall", c -> (int) MLOCKALL.invokeExact(c, MCL_CURRENT_FUTURE_ONFAULT));
  }

  /** Makes a block device node for its owner only. */
  public void makeBlockNode(String path, int major, int minor) throws PosixException {
    long device =
        (minor & 0xffL)
            | ((major & 0xfffL) << 8)
            | ((minor & 0xffffff00L) << 12)
            | ((major & 0xfffff000L) << 32);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path);
      check(
          String.format(Locale.ROOT, "mknod %s b %d %d", path, major, minor),
          c -> (int) MKNOD.invokeExact(c, name, S_IFBLK_OWNER_ONLY, device));
    }
  }

  /**
   * Page-aligned zeroed memory that takes room only where it was touched and goes away when nobody
   * can reach it any more: a late user of a closed device's buffer finds memory, not a fault. It
   * does not count against the JVM's limit on direct memory.
   */
  public MemorySegment mapPages(long bytes) throws PosixException {
    long address =
        checked(
            "mmap " + bytes + " bytes",
            c ->
                (long)
                    MMAP.invokeExact(
                        c, 0L, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L));
    return MemorySegment.ofAddress(address)
        .reinterpret(bytes, Arena.ofAuto(), segment -> unmapPages(address, bytes));
  }

  /** A file without a name, in memory, zeroed: it lives as long as somebody has it open. */
  public int memoryFile(String name, long bytes) throws PosixException {
    int descriptor;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment label = arena.allocateFrom(name);
      descriptor =
          (int)
              checked(
                  "memfd_create " + name,
                  c -> (int) MEMFD_CREATE.invokeExact(c, label, MFD_CLOEXEC));
    }
    try {
      check("ftruncate " + name, c -> (int) FTRUNCATE.invokeExact(c, descriptor, bytes));
      return descriptor;
    } catch (PosixException e) {
      close(descriptor);
      throw e;
    }
  }

  /** Memory that all who map the file share; what is stored there outlives this process. */
  public MemorySegment mapShared(int descriptor, long bytes) throws PosixException {
    long address =
        checked(
            "mmap descriptor " + descriptor,
            c ->
                (long) MMAP.invokeExact(c, 0L, bytes, PROT_READ_WRITE, MAP_SHARED, descriptor, 0L));
    return MemorySegment.ofAddress(address)
        .reinterpret(bytes, Arena.ofAuto(), segment -> unmapPages(address, bytes));
  }

  /**
   * Gives a FUSE connection's descriptor a number above all loop devices. When a process dies, the
   * kernel lets its descriptors go from the highest number down, and whoever lets a block device go
   * last writes its dirty pages out first. Those of ours would wait for this connection, which
   * nobody serves any more, and it would wait behind them to be closed: a killed process would
   * never end, nor would anybody who uses its devices. Closed first it fails all that.
   *
   * @return the new number
   */
  public int raise(int descriptor) throws PosixException {
    for (int least = HIGHEST_LEAST_NUMBER; least >= LOWEST_LEAST_NUMBER; least /= 2) {
      try {
        return renumber(descriptor, least);
      } catch (PosixException e) {
        if (!e.is(Errno.EINVAL)) { // above the limit of this process
          throw e;
        }
      }
    }
    return descriptor;
  }

  /**
   * Waits until the descriptor can be read.
   *
   * @param millis 0: does not wait; -1: without end
   * @return false after that time, or when a signal came first
   */
  public boolean awaitReadable(int descriptor, int millis) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment waiting = arena.allocate(8, 4);
      waiting.set(JAVA_INT, 0, descriptor);
      waiting.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
      try {
        return checked(
                "poll descriptor " + descriptor,
                c -> (int) POLL.invokeExact(c, waiting, 1L, millis))
            > 0;
      } catch (PosixException e) {
        if (e.is(Errno.EINTR)) {
          return false;
        }
        throw e;
      }
    }
  }

  private static void unmapPages(long address, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      long failure =
          result(c -> (int) MUNMAP.invokeExact(c, address, bytes), arena.allocate(CAPTURE));
      if (failure < 0) {
        throw new IllegalStateException("munmap: " + Errno.describe((int) -failure));
      }
    }
  }

  interface Call {
    long run(MemorySegment capture) throws Throwable;
  }

  static void check(String what, Call call) throws PosixException {
    long ignored = checked(what, call);
  }

  static long checked(String what, Call call) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      long result = result(call, arena.allocate(CAPTURE));
      if (result < 0) {
        throw new PosixException(what, (int) -result);
      }
      return result;
    }
  }

  /** What the call returned, or minus the errno when that was -1. */
  private static long result(Call call, MemorySegment capture) {
    long returned;
    try {
      returned = call.run(capture);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      // A downcall declares Throwable and throws nothing checked.
      throw new IllegalStateException("a native call threw", e);
    }
    return returned == -1 ? -(int) ERRNO.get(capture, 0L) : returned;
  }

  static MethodHandle of(String name, ValueLayout returned, MemoryLayout... parameters) {
    return handle(name, FunctionDescriptor.of(returned, parameters), null);
  }

  /** A function such as {@code int ioctl(int, unsigned long, ...)}. */
  static MethodHandle variadic(String name, int fixed, MemoryLayout... parameters) {
    return handle(
        name,
        FunctionDescriptor.of(JAVA_INT, parameters),
        fixed == parameters.length ? null : Linker.Option.firstVariadicArg(fixed));
  }

  private static MethodHandle handle(
      String name, FunctionDescriptor descriptor, Linker.@Nullable Option variadic) {
    Linker.Option capture = Linker.Option.captureCallState("errno");
    MemorySegment symbol = LINKER.defaultLookup().findOrThrow(name);
    return variadic == null
        ? LINKER.downcallHandle(symbol, descriptor, capture)
        : LINKER.downcallHandle(symbol, descriptor, capture, variadic);
  }
}
