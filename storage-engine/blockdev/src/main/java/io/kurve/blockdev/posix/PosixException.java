package io.kurve.blockdev.posix;

import java.io.IOException;

/** A system call failed: its name, its object and the errno with its text. */
public final class PosixException extends IOException {
  private static final long serialVersionUID = 1;

  private final int number;

  public PosixException(String call, int number) {
    super(call + ": " + Errno.describe(number));
    this.number = number;
  }

  public boolean is(Errno errno) {
    return number == errno.number();
  }
}
