package io.kurve.core.failure;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** How a command or a server ended, for scripts. The numbers never change their meaning. */
public enum ExitCode {
  OK(0, "done"),
  INTERNAL(1, "a fault in Kurve itself; the text says where"),
  USAGE(2, "a wrong argument, size, name or configuration; nothing was changed"),
  NOT_FOUND(3, "no such volume, disk, host, process, file or playground"),
  ALREADY_EXISTS(4, "the name is taken, or the playground has other sizes"),
  IN_USE(5, "attached, mounted or open somewhere; the text says where and since when"),
  NO_SPACE(6, "no room on the disk or in the pool; the text has both figures"),
  UNAVAILABLE(7, "a server or a quorum does not answer; nothing is known to have changed"),
  REFUSED(8, "another cluster, key, version or store; a fenced attachment; a damaged store"),
  UNSUPPORTED(9, "this machine lacks something; the text names it and the cure"),
  FINDINGS(10, "a check ran to its end and found damage");

  private final int number;
  private final String meaning;

  ExitCode(int number, String meaning) {
    this.number = number;
    this.meaning = meaning;
  }

  public int number() {
    return number;
  }

  public String meaning() {
    return meaning;
  }

  /** Of what the machine refused. */
  public static ExitCode of(IOException failure) {
    return switch (failure) {
      case NoSuchFileException _ -> NOT_FOUND;
      case AccessDeniedException _ -> UNSUPPORTED;
      default -> INTERNAL;
    };
  }

  public static ExitCode of(ErrorCode code) {
    return switch (code) {
      case INVALID_ARGUMENT -> USAGE;
      case NOT_FOUND -> NOT_FOUND;
      case ALREADY_EXISTS -> ALREADY_EXISTS;
      case ATTACHED_ELSEWHERE, IN_USE -> IN_USE;
      case NO_SPACE -> NO_SPACE;
      case NOT_LEADER, OVERLOAD, UNKNOWN_OUTCOME, UNAVAILABLE, DEADLINE_EXCEEDED -> UNAVAILABLE;
      case FENCED, REFUSED, BAD_STORE, DATA_LOST -> REFUSED;
      case UNSUPPORTED -> UNSUPPORTED;
      case INTERNAL -> INTERNAL;
    };
  }
}
