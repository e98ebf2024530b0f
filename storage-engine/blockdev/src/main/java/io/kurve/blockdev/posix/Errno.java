package io.kurve.blockdev.posix;

import java.util.Locale;

/** The error numbers that this room meets or answers; Linux on x86-64 and arm64. */
public enum Errno {
  EPERM(1, "operation not permitted"),
  ENOENT(2, "no such file or directory"),
  ESRCH(3, "no such process"),
  EINTR(4, "interrupted system call"),
  EIO(5, "input/output error"),
  ENXIO(6, "no such device or address"),
  EBADF(9, "bad file descriptor"),
  EAGAIN(11, "resource temporarily unavailable"),
  ENOMEM(12, "out of memory"),
  EACCES(13, "permission denied"),
  EBUSY(16, "device or resource busy"),
  EEXIST(17, "file exists"),
  ENODEV(19, "no such device"),
  ENOTDIR(20, "not a directory"),
  EINVAL(22, "invalid argument"),
  EMFILE(24, "too many open files"),
  ENOTTY(25, "inappropriate ioctl for device"),
  ENOSPC(28, "no space left on device"),
  EPIPE(32, "broken pipe"),
  ENOSYS(38, "function not implemented"),
  EOPNOTSUPP(95, "operation not supported"),
  ECONNRESET(104, "connection reset by peer"),
  ENOTCONN(107, "transport endpoint is not connected"),
  ECONNABORTED(103, "software caused connection abort"),
  ECONNREFUSED(111, "connection refused");

  private final int number;
  private final String text;

  Errno(int number, String text) {
    this.number = number;
    this.text = text;
  }

  public int number() {
    return number;
  }

  /** {@code EBUSY, device or resource busy}; a number alone when it is none of ours. */
  public static String describe(int number) {
    for (Errno errno : values()) {
      if (errno.number == number) {
        return errno.name() + ", " + errno.text;
      }
    }
    return String.format(Locale.ROOT, "errno %d", number);
  }
}
