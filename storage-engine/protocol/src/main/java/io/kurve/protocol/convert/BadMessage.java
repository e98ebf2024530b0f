package io.kurve.protocol.convert;

/** A message that parses and makes no sense: the sender has a bug or is another version. */
public final class BadMessage extends RuntimeException {
  private static final long serialVersionUID = 1;

  public BadMessage(String message) {
    super(message);
  }

  public BadMessage(String message, Throwable cause) {
    super(message, cause);
  }
}
