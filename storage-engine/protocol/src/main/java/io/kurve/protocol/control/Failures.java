package io.kurve.protocol.control;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.convert.BadMessage;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Errors on their way through gRPC, both ways. The status is for tools that know only gRPC; code,
 * text and cure, and whom to ask instead, travel in the trailers and arrive as they were.
 */
final class Failures {
  private static final Metadata.Key<String> CODE =
      Metadata.Key.of("kurve-code", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<byte[]> TEXT =
      Metadata.Key.of("kurve-text-bin", Metadata.BINARY_BYTE_MARSHALLER);
  private static final Metadata.Key<byte[]> CURE =
      Metadata.Key.of("kurve-cure-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private static final Metadata.Key<String> LEADER =
      Metadata.Key.of("kurve-leader", Metadata.ASCII_STRING_MARSHALLER);

  /** Trailers that are longer would be refused by the other side. */
  private static final int MAX_TEXT_CHARACTERS = 1500;

  private Failures() {}

  static StatusRuntimeException toStatus(Throwable thrown) {
    return toStatus(known(thrown));
  }

  private static KurveException known(Throwable thrown) {
    Throwable cause =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    if (cause instanceof KurveException known) {
      return known;
    }
    return cause instanceof BadMessage
        ? new KurveException(
            ErrorCode.INVALID_ARGUMENT,
            String.valueOf(cause.getMessage()),
            "run the same release of Kurve on both sides",
            cause)
        : new KurveException(
            ErrorCode.INTERNAL, String.valueOf(cause), "see the server's log", cause);
  }

  private static StatusRuntimeException toStatus(KurveException failure) {
    Metadata trailers = new Metadata();
    trailers.put(CODE, failure.code().name());
    trailers.put(TEXT, bytes(failure.text()));
    trailers.put(CURE, bytes(failure.cure()));
    failure.leader().ifPresent(leader -> trailers.put(LEADER, leader.toString()));
    return status(failure.code())
        .withDescription(shortened(failure.text()))
        .asRuntimeException(trailers);
  }

  private static Status status(ErrorCode code) {
    return switch (code) {
      case INVALID_ARGUMENT -> Status.INVALID_ARGUMENT;
      case NOT_FOUND -> Status.NOT_FOUND;
      case ALREADY_EXISTS -> Status.ALREADY_EXISTS;
      case ATTACHED_ELSEWHERE, IN_USE, FENCED -> Status.FAILED_PRECONDITION;
      case NO_SPACE, OVERLOAD -> Status.RESOURCE_EXHAUSTED;
      case NOT_LEADER, UNAVAILABLE -> Status.UNAVAILABLE;
      case DATA_LOST, BAD_STORE -> Status.DATA_LOSS;
      case REFUSED -> Status.PERMISSION_DENIED;
      case UNKNOWN_OUTCOME -> Status.ABORTED;
      case DEADLINE_EXCEEDED -> Status.DEADLINE_EXCEEDED;
      case UNSUPPORTED -> Status.UNIMPLEMENTED;
      case INTERNAL -> Status.INTERNAL;
    };
  }

  /**
   * @param server names it in errors that it did not send itself
   */
  static KurveException fromStatus(Status status, @Nullable Metadata trailers, String server) {
    Optional<String> code = Optional.ofNullable(trailers).map(t -> t.get(CODE));
    if (trailers != null && code.isPresent()) {
      return said(code(code.get()), trailers);
    }
    String description = status.getDescription() == null ? "" : ": " + status.getDescription();
    if (description.contains("http2 exception")) {
      return new KurveException(
          ErrorCode.UNAVAILABLE,
          server + " is no Kurve server: what listens there speaks another protocol",
          "correct the address, or end what has taken it",
          new Foreign(status.getCause()));
    }
    return switch (status.getCode()) {
      case UNAVAILABLE ->
          new KurveException(
              ErrorCode.UNAVAILABLE,
              server + " does not answer" + reason(status),
              "see whether it runs there",
              new Away(status.getCause()));
      case DEADLINE_EXCEEDED, CANCELLED ->
          new KurveException(
              ErrorCode.UNKNOWN_OUTCOME,
              "no answer from " + server + " in time",
              "see whether it is overloaded or waits for a quorum; then ask again",
              status.getCause());
      case UNIMPLEMENTED ->
          new KurveException(
              ErrorCode.UNSUPPORTED,
              server + " does not offer this" + description,
              "run the same release of Kurve on both sides; correct the address");
      case OK,
          UNKNOWN,
          INVALID_ARGUMENT,
          NOT_FOUND,
          ALREADY_EXISTS,
          PERMISSION_DENIED,
          RESOURCE_EXHAUSTED,
          FAILED_PRECONDITION,
          ABORTED,
          OUT_OF_RANGE,
          INTERNAL,
          DATA_LOSS,
          UNAUTHENTICATED ->
          new KurveException(
              ErrorCode.INTERNAL,
              server + " failed with " + status.getCode() + description,
              "see its log",
              status.getCause());
    };
  }

  private static KurveException said(ErrorCode code, Metadata trailers) {
    String text = text(trailers, TEXT);
    String cure = text(trailers, CURE);
    return code == ErrorCode.NOT_LEADER
        ? KurveException.notLeader(text, cure, address(trailers.get(LEADER)))
        : new KurveException(code, text, cure);
  }

  private static Optional<HostAndPort> address(@Nullable String text) {
    try {
      return Optional.ofNullable(text).map(HostAndPort::parse);
    } catch (IllegalArgumentException notAnAddress) {
      return Optional.empty();
    }
  }

  /** Marks the failure of a server that could not be reached at all: it has said nothing. */
  private static class Away extends Exception {
    private static final long serialVersionUID = 1;

    Away(@Nullable Throwable cause) {
      super("not reached", cause);
    }
  }

  /** Marks that somebody else listens where the server should. */
  private static final class Foreign extends Away {
    private static final long serialVersionUID = 1;

    Foreign(@Nullable Throwable cause) {
      super(cause);
    }
  }

  /** Whether somebody else was reached: that the server is to be started is no cure then. */
  static boolean isForeign(KurveException failure) {
    return failure.getCause() instanceof Foreign;
  }

  /** Whether the server was not reached; else the failure is its own answer. */
  static boolean isAway(KurveException failure) {
    return failure.getCause() instanceof Away;
  }

  /** Of the innermost exception: that of the operating system, where gRPC has only a class. */
  private static String reason(Status status) {
    Throwable innermost = status.getCause();
    while (innermost != null && innermost.getCause() != null) {
      innermost = innermost.getCause();
    }
    String text = innermost == null ? status.getDescription() : innermost.getMessage();
    if (text == null || text.isBlank()) {
      return "";
    }
    String first = text.lines().findFirst().orElse("").strip();
    return first.contains("Connection refused") ? ": nobody listens there" : ": " + first;
  }

  private static ErrorCode code(String name) {
    return Arrays.stream(ErrorCode.values())
        .filter(code -> code.name().equals(name))
        .findFirst()
        .orElse(ErrorCode.INTERNAL);
  }

  private static String text(Metadata trailers, Metadata.Key<byte[]> key) {
    byte @Nullable [] bytes = trailers.get(key);
    return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return shortened(text).getBytes(StandardCharsets.UTF_8);
  }

  private static String shortened(String text) {
    return text.length() <= MAX_TEXT_CHARACTERS
        ? text
        : text.substring(0, MAX_TEXT_CHARACTERS) + "...";
  }
}
