package io.kurve.mds.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metadata.VolumeAdmin.PolicyChange;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import java.time.Duration;
import java.util.regex.Pattern;

/** What a volume may be; each refusal says what would be right. */
final class VolumeRules {
  static final long MAX_BYTES = 256L << 40;
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9._]{0,61}[a-z0-9])?");
  private static final int MAX_LABEL = 256;

  private VolumeRules() {}

  static void check(String requestId, NewVolume volume) {
    label("a request id", requestId);
    name(volume.name());
    size(volume.name(), volume.sizeBytes());
    if (volume.logicalBlockBytes() != 512 && volume.logicalBlockBytes() != 4096) {
      throw invalid(
          "a logical block of " + volume.logicalBlockBytes() + " bytes is not possible",
          "use 512 or 4096");
    }
    if (volume.shared() && volume.logicalBlockBytes() != 4096) {
      throw invalid(
          "a shared volume can't have logical blocks of " + volume.logicalBlockBytes() + " bytes",
          "use 4096: hosts would overwrite each other's halves of a block");
    }
  }

  static void name(String name) {
    if (!NAME.matcher(name).matches()) {
      throw invalid(
          "'" + shorten(name) + "' can't be a volume's name",
          "use 1 to 63 lower-case letters, digits, '-', '.' or '_', a letter or digit at both ends");
    }
  }

  static void retention(Duration retention) {
    try {
      VolumePolicy.checkRetention(retention);
    } catch (IllegalArgumentException wrong) {
      throw invalid(String.valueOf(wrong.getMessage()), "such as 24h");
    }
  }

  static VolumePolicy policy(PolicyChange change, VolumePolicy before) {
    try {
      return change.of(before);
    } catch (IllegalArgumentException wrong) {
      throw invalid(String.valueOf(wrong.getMessage()), "see `kurve cluster policy --help`");
    }
  }

  static void size(String name, long sizeBytes) {
    if (sizeBytes <= 0 || sizeBytes > MAX_BYTES || sizeBytes % Geometry.VOLUME_GRANULE_BYTES != 0) {
      throw invalid(
          "volume "
              + name
              + " can't have "
              + (sizeBytes < 0 ? sizeBytes + " B" : new ByteSize(sizeBytes).toExact()),
          "use a multiple of 16MiB, from 16MiB to 256TiB");
    }
  }

  static void label(String what, String value) {
    if (value.isBlank() || value.length() > MAX_LABEL) {
      throw invalid(
          what + " must not be empty nor longer than " + MAX_LABEL + " characters",
          "choose another");
    }
  }

  static KurveException invalid(String text, String cure) {
    return new KurveException(ErrorCode.INVALID_ARGUMENT, text, cure);
  }

  static KurveException notFound(String what) {
    return new KurveException(
        ErrorCode.NOT_FOUND, what + " does not exist", "list them with `kurve volume list`");
  }

  private static String shorten(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }
}
