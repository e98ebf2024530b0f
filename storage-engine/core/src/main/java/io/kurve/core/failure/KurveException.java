package io.kurve.core.failure;

import io.kurve.core.metadata.HostAndPort;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An error as users meet it. The message is one line that names the object and the cause; the cure
 * is one line that says what to do.
 */
public final class KurveException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The cure for a replica or store that is lost, until there is a tool that rebuilds it. */
  public static final String GO_ON_WITHOUT_IT =
      "keep the disk as it is: its copysets go on while a majority of their replicas is left, and"
          + " are rebuilt on other disks if there is one to go to (`kurve cluster status` tells)";

  private final ErrorCode code;
  private final String cure;
  private final transient @Nullable HostAndPort leader;

  public KurveException(ErrorCode code, String message, String cure) {
    this(code, message, cure, null);
  }

  public KurveException(ErrorCode code, String message, String cure, @Nullable Throwable cause) {
    this(code, message, cure, cause, null);
  }

  private KurveException(
      ErrorCode code,
      String message,
      String cure,
      @Nullable Throwable cause,
      @Nullable HostAndPort leader) {
    super(message, cause);
    this.code = code;
    this.cure = cure;
    this.leader = leader;
  }

  /**
   * @param leader who is to be asked, as far as it is known
   */
  public static KurveException notLeader(
      String message, String cure, Optional<HostAndPort> leader) {
    return new KurveException(ErrorCode.NOT_LEADER, message, cure, null, leader.orElse(null));
  }

  public ErrorCode code() {
    return code;
  }

  public String text() {
    String message = getMessage();
    return message == null ? code.name() : message;
  }

  public String cure() {
    return cure;
  }

  /** Whom to ask instead, with NOT_LEADER, if that is known. */
  public Optional<HostAndPort> leader() {
    return Optional.ofNullable(leader);
  }

  /** Cause and cure in one line. */
  public String oneLine() {
    return cure.isEmpty() ? text() : text() + " — " + cure;
  }
}
