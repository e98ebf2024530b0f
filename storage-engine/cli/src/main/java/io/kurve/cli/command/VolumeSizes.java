package io.kurve.cli.command;

import io.kurve.cli.output.Console;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;

/** Sizes of volumes as people ask for them. */
final class VolumeSizes {
  private VolumeSizes() {}

  /** Rounded up to 16 MiB, and says so; a size of 0 is refused. */
  static long rounded(String what, ByteSize size, Console console) {
    if (size.bytes() == 0) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          "the size of " + what + " is 0",
          "give a size of at least 16MiB, for example 1GiB");
    }
    ByteSize rounded = size.roundUpTo(Geometry.VOLUME_GRANULE_BYTES);
    if (!rounded.equals(size)) {
      console.progress(
          "the size of %s, %s, is rounded up to %s, the next multiple of 16 MiB"
              .formatted(what, size.toExact(), rounded.toExact()));
    }
    return rounded.bytes();
  }
}
