package io.kurve.protocol.handshake;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.protocol.v1.Refused;

/** Refusals as they travel: the error of the one side becomes the error of the other. */
public final class Refusal {
  private Refusal() {}

  public static Refused toWire(KurveException refusal) {
    return Refused.newBuilder()
        .setCode(refusal.code().name())
        .setText(refusal.text())
        .setCure(refusal.cure())
        .build();
  }

  public static KurveException fromWire(Refused refused) {
    ErrorCode code =
        refused.getCode().equals(ErrorCode.OVERLOAD.name())
            ? ErrorCode.OVERLOAD
            : refused.getCode().equals(ErrorCode.UNSUPPORTED.name())
                ? ErrorCode.UNSUPPORTED
                : ErrorCode.REFUSED;
    return new KurveException(code, refused.getText(), refused.getCure());
  }

  public static KurveException otherVersion(String who, int theirs) {
    return new KurveException(
        ErrorCode.UNSUPPORTED,
        who
            + " speaks protocol version "
            + theirs
            + ", this side speaks "
            + ServerHandshake.VERSION,
        "run the same release of Kurve on both sides");
  }
}
