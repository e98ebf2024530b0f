package io.kurve.protocol.data;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.HostAndPort;
import java.net.BindException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;

/** Why a server can't listen, in words that help. */
public final class BindFailure {
  private BindFailure() {}

  public static KurveException of(HostAndPort address, Throwable cause) {
    String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    if (cause instanceof BindException && text.contains("in use")) {
      return new KurveException(
          ErrorCode.IN_USE,
          "address " + address + " is in use by another process",
          "stop that process (ss -ltnp shows it) or choose another port",
          cause);
    }
    if (cause instanceof UnresolvedAddressException || text.contains("assign requested address")) {
      return new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          "address " + address + " is none of this machine's",
          "choose one that 'ip address' shows",
          cause);
    }
    return new KurveException(
        ErrorCode.UNAVAILABLE,
        "can't listen on " + address + ": " + cause.getMessage(),
        "choose another address or port",
        cause);
  }
}
