package io.kurve.blockdev.host;

import io.kurve.client.BlockVolume;
import java.util.concurrent.CompletionStage;

/** Opens a volume for this host: a new attachment each time. */
@FunctionalInterface
public interface VolumeOpener {
  /** Ends exceptionally with a {@link io.kurve.core.failure.KurveException}. */
  CompletionStage<BlockVolume> open(String volumeName);
}
