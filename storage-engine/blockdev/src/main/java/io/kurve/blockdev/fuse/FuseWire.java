package io.kurve.blockdev.fuse;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * The part of the FUSE kernel protocol, version 7.38, that a file system of one file needs. All
 * integers are in host order. The names are those of {@code linux/fuse.h}.
 *
 * <pre>
 * request                                        reply
 *  0  u32 len    (header included)                0  u32 len    (header included)
 *  4  u32 opcode                                  4  i32 error  (0 or minus an errno)
 *  8  u64 unique                                  8  u64 unique (echoed, bit 63 too)
 * 16  u64 nodeid (root is 1)                     16  body, when error is 0
 * 24  u32 uid, u32 gid, u32 pid, u32 padding
 * 40  body
 *
 * request bodies                                 reply bodies
 * INIT      u32 major, minor, max_readahead,     fuse_init_out, 64 bytes
 *           flags, flags2
 * LOOKUP    name, zero-terminated                fuse_entry_out: u64 nodeid, generation, entry
 *                                                valid, attr valid; u32 x2; attr: 128 bytes
 * GETATTR   (ignored)                            fuse_attr_out: u64 valid, u32 x2, attr: 104 bytes
 * SETATTR   u32 valid, padding, u64 fh, size...  fuse_attr_out
 * OPEN(DIR) u32 flags, open_flags                u64 fh, u32 open_flags, u32 backing_id
 * READ(DIR) u64 fh, offset, u32 size, ...        the bytes
 * WRITE     u64 fh, offset, u32 size, ... (40),  u32 size, padding
 *           then the bytes
 * FSYNC     u64 fh, u32 flags                    nothing
 * FALLOCATE u64 fh, offset, length, u32 mode     nothing
 * STATFS    nothing                              fuse_statfs_out, 80 bytes
 * FORGET, BATCH_FORGET, INTERRUPT                no reply at all
 * </pre>
 *
 * A request that is sent again to a successor (FUSE_NOTIFY_RESEND) carries its first {@code unique}
 * with bit 63 set: {@link #requestNumber} is the same for both.
 */
final class FuseWire {
  static final int MAJOR = 7;
  static final int MINOR = 38;

  /** The first minor version with max_pages, without which a write carries 128 KiB at most. */
  static final int LEAST_MINOR = 28;

  static final int LOOKUP = 1;
  static final int FORGET = 2;
  static final int GETATTR = 3;
  static final int SETATTR = 4;
  static final int OPEN = 14;
  static final int READ = 15;
  static final int WRITE = 16;
  static final int STATFS = 17;
  static final int RELEASE = 18;
  static final int FSYNC = 20;
  static final int FLUSH = 25;
  static final int INIT = 26;
  static final int OPENDIR = 27;
  static final int READDIR = 28;
  static final int RELEASEDIR = 29;
  static final int FSYNCDIR = 30;
  static final int ACCESS = 34;
  static final int INTERRUPT = 36;
  static final int DESTROY = 38;
  static final int BATCH_FORGET = 42;
  static final int FALLOCATE = 43;

  static final int IN_HEADER_BYTES = 40;
  static final int WRITE_IN_BYTES = 40;
  static final int OUT_HEADER_BYTES = 16;
  static final int ENTRY_OUT_BYTES = 128;
  static final int ATTR_OUT_BYTES = 104;
  static final int OPEN_OUT_BYTES = 16;
  static final int WRITE_OUT_BYTES = 8;
  static final int INIT_OUT_BYTES = 64;
  static final int STATFS_OUT_BYTES = 80;

  static final long ROOT_NODE = 1;
  static final long FILE_NODE = 2;

  static final int FATTR_SIZE = 1 << 3;
  static final int FALLOC_KEEP_SIZE = 1;
  static final int FALLOC_PUNCH_HOLE = 2;
  static final int FALLOC_ZERO_RANGE = 0x10;

  private static final int FOPEN_DIRECT_IO = 1;
  private static final int FOPEN_PARALLEL_DIRECT_WRITES = 1 << 6;

  private static final int ASYNC_READ = 1;
  private static final int BIG_WRITES = 1 << 5;
  private static final int ASYNC_DIO = 1 << 15;
  private static final int PARALLEL_DIROPS = 1 << 18;
  private static final int MAX_PAGES = 1 << 22;
  private static final int INIT_EXT = 1 << 30;

  /** In the second word of flags. */
  private static final int HAS_RESEND = 1 << 7;

  private static final int NOTIFY_RESEND = 7;
  private static final int WANTED =
      ASYNC_READ | BIG_WRITES | ASYNC_DIO | PARALLEL_DIROPS | MAX_PAGES;

  /** Without these the path is wrong or too slow to be of use. */
  private static final int REQUIRED = ASYNC_DIO | MAX_PAGES;

  private static final int PAGE_BYTES = 4096;
  private static final int DIRECTORY_MODE = 0040700;
  private static final int FILE_MODE = 0100600;
  private static final int DIRENT_DIRECTORY = 4;
  private static final int DIRENT_FILE = 8;
  private static final long FOREVER_SECONDS = 1L << 30;

  private FuseWire() {}

  static int opcode(MemorySegment request) {
    return request.get(JAVA_INT_UNALIGNED, 4);
  }

  static long unique(MemorySegment request) {
    return request.get(JAVA_LONG_UNALIGNED, 8);
  }

  /** Names the request over all resends. */
  static long requestNumber(long unique) {
    return unique & Long.MAX_VALUE;
  }

  static long node(MemorySegment request) {
    return request.get(JAVA_LONG_UNALIGNED, 16);
  }

  static String lookupName(MemorySegment request) {
    return request.getString(IN_HEADER_BYTES, StandardCharsets.UTF_8);
  }

  /** Of READ, WRITE, READDIR and FALLOCATE. */
  static long offset(MemorySegment request) {
    return request.get(JAVA_LONG_UNALIGNED, IN_HEADER_BYTES + 8);
  }

  /** Of READ, WRITE and READDIR. */
  static int size(MemorySegment request) {
    return request.get(JAVA_INT_UNALIGNED, IN_HEADER_BYTES + 16);
  }

  static long allocateLength(MemorySegment request) {
    return request.get(JAVA_LONG_UNALIGNED, IN_HEADER_BYTES + 16);
  }

  static int allocateMode(MemorySegment request) {
    return request.get(JAVA_INT_UNALIGNED, IN_HEADER_BYTES + 24);
  }

  static boolean setsSize(MemorySegment request) {
    return (request.get(JAVA_INT_UNALIGNED, IN_HEADER_BYTES) & FATTR_SIZE) != 0;
  }

  static long newSize(MemorySegment request) {
    return request.get(JAVA_LONG_UNALIGNED, IN_HEADER_BYTES + 16);
  }

  static int kernelMajor(MemorySegment request) {
    return request.get(JAVA_INT_UNALIGNED, IN_HEADER_BYTES);
  }

  static int kernelMinor(MemorySegment request) {
    return request.get(JAVA_INT_UNALIGNED, IN_HEADER_BYTES + 4);
  }

  private static int kernelFlags(MemorySegment request) {
    return request.get(JAVA_INT_UNALIGNED, IN_HEADER_BYTES + 12);
  }

  static boolean kernelIsNewEnough(MemorySegment request) {
    return kernelMajor(request) == MAJOR
        && kernelMinor(request) >= LEAST_MINOR
        && (kernelFlags(request) & REQUIRED) == REQUIRED;
  }

  /** Whether it sends unanswered requests again to a successor: from Linux 6.9 on. */
  static boolean kernelResends(MemorySegment request) {
    return (kernelFlags(request) & INIT_EXT) != 0
        && (request.get(JAVA_INT_UNALIGNED, IN_HEADER_BYTES + 16) & HAS_RESEND) != 0;
  }

  /** Set in the unique of a request that is sent again. */
  static boolean isResent(long unique) {
    return unique < 0;
  }

  /** Asks the kernel to send all again that it has no answer to. */
  static void putResend(MemorySegment out) {
    putOutHeader(out, 0, NOTIFY_RESEND, 0);
  }

  static void putOutHeader(MemorySegment out, int bodyBytes, int error, long unique) {
    out.set(JAVA_INT_UNALIGNED, 0, OUT_HEADER_BYTES + bodyBytes);
    out.set(JAVA_INT_UNALIGNED, 4, error);
    out.set(JAVA_LONG_UNALIGNED, 8, unique);
  }

  static int putInit(MemorySegment body, MemorySegment request, FuseLimits limits) {
    int flags = kernelFlags(request) & WANTED;
    int minor = Math.min(MINOR, kernelMinor(request));
    body.asSlice(0, INIT_OUT_BYTES).fill((byte) 0);
    body.set(JAVA_INT_UNALIGNED, 0, MAJOR);
    body.set(JAVA_INT_UNALIGNED, 4, minor);
    body.set(JAVA_INT_UNALIGNED, 8, limits.maxWriteBytes()); // max_readahead
    body.set(JAVA_INT_UNALIGNED, 12, flags);
    body.set(JAVA_SHORT_UNALIGNED, 16, (short) limits.maxBackground());
    body.set(JAVA_SHORT_UNALIGNED, 18, (short) limits.maxBackground()); // congestion_threshold
    body.set(JAVA_INT_UNALIGNED, 20, limits.maxWriteBytes());
    body.set(JAVA_INT_UNALIGNED, 24, 1); // time_gran
    body.set(JAVA_SHORT_UNALIGNED, 28, (short) (limits.maxWriteBytes() / PAGE_BYTES));
    return INIT_OUT_BYTES;
  }

  static int putFileEntry(MemorySegment body, long inode, long sizeBytes) {
    body.asSlice(0, ENTRY_OUT_BYTES).fill((byte) 0);
    body.set(JAVA_LONG_UNALIGNED, 0, FILE_NODE);
    body.set(JAVA_LONG_UNALIGNED, 16, FOREVER_SECONDS);
    putFileAttributes(body.asSlice(40), inode, sizeBytes);
    return ENTRY_OUT_BYTES;
  }

  /** Valid for no time at all: the kernel asks again, so a grown volume is seen at once. */
  static int putFileAttributesReply(MemorySegment body, long inode, long sizeBytes) {
    body.asSlice(0, ATTR_OUT_BYTES).fill((byte) 0);
    putFileAttributes(body.asSlice(16), inode, sizeBytes);
    return ATTR_OUT_BYTES;
  }

  static int putDirectoryAttributesReply(MemorySegment body) {
    body.asSlice(0, ATTR_OUT_BYTES).fill((byte) 0);
    body.set(JAVA_LONG_UNALIGNED, 0, FOREVER_SECONDS);
    putAttributes(body.asSlice(16), ROOT_NODE, 0, DIRECTORY_MODE);
    return ATTR_OUT_BYTES;
  }

  private static void putFileAttributes(MemorySegment attr, long inode, long sizeBytes) {
    putAttributes(attr, inode, sizeBytes, FILE_MODE);
  }

  private static void putAttributes(MemorySegment attr, long inode, long sizeBytes, int mode) {
    attr.set(JAVA_LONG_UNALIGNED, 0, inode);
    attr.set(JAVA_LONG_UNALIGNED, 8, sizeBytes);
    attr.set(JAVA_LONG_UNALIGNED, 16, sizeBytes / 512);
    attr.set(JAVA_INT_UNALIGNED, 60, mode);
    attr.set(JAVA_INT_UNALIGNED, 64, 1); // nlink
    attr.set(JAVA_INT_UNALIGNED, 80, PAGE_BYTES);
  }

  /** Past the page cache, and writers in parallel: order is the block layer's business. */
  static int putOpenFile(MemorySegment body) {
    putOpenDirectory(body);
    body.set(JAVA_INT_UNALIGNED, 8, FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES);
    return OPEN_OUT_BYTES;
  }

  static int putOpenDirectory(MemorySegment body) {
    body.asSlice(0, OPEN_OUT_BYTES).fill((byte) 0);
    return OPEN_OUT_BYTES;
  }

  static int putWritten(MemorySegment body, int bytes) {
    body.set(JAVA_INT_UNALIGNED, 0, bytes);
    body.set(JAVA_INT_UNALIGNED, 4, 0);
    return WRITE_OUT_BYTES;
  }

  /** The block size is what the loop driver takes for the granularity of discards. */
  static int putStatistics(MemorySegment body, long sizeBytes) {
    body.asSlice(0, STATFS_OUT_BYTES).fill((byte) 0);
    body.set(JAVA_LONG_UNALIGNED, 0, sizeBytes / PAGE_BYTES);
    body.set(JAVA_INT_UNALIGNED, 40, PAGE_BYTES);
    body.set(JAVA_INT_UNALIGNED, 44, 255); // longest name
    body.set(JAVA_INT_UNALIGNED, 48, PAGE_BYTES);
    return STATFS_OUT_BYTES;
  }

  /** The entries {@code .}, {@code ..} and the file, from the given index on. */
  static int putDirectory(MemorySegment body, long from, int room, String file, long inode) {
    String[] names = {".", "..", file};
    int at = 0;
    for (int i = Math.clamp(from, 0, names.length); i < names.length; i++) {
      byte[] name = names[i].getBytes(StandardCharsets.UTF_8);
      int entryBytes = (24 + name.length + 7) & ~7;
      if (at + entryBytes > room) {
        break;
      }
      boolean isFile = i == names.length - 1;
      body.asSlice(at, entryBytes).fill((byte) 0);
      body.set(JAVA_LONG_UNALIGNED, at, isFile ? inode : ROOT_NODE);
      body.set(JAVA_LONG_UNALIGNED, at + 8, i + 1);
      body.set(JAVA_INT_UNALIGNED, at + 16, name.length);
      body.set(JAVA_INT_UNALIGNED, at + 20, isFile ? DIRENT_FILE : DIRENT_DIRECTORY);
      MemorySegment.copy(name, 0, body, JAVA_BYTE, at + 24, name.length);
      at += entryBytes;
    }
    return at;
  }
}
