package io.kurve.blockdev.host;

import io.kurve.client.BlockVolume;
import io.kurve.core.metadata.TakeOver;
import java.util.concurrent.CompletionStage;

/** Opens a volume for this host: a new attachment each time. */
@FunctionalInterface
public interface VolumeOpener {
  /**
   * Ends exceptionally with a {@link io.kurve.core.failure.KurveException}; after UNAVAILABLE the
   * cluster may hold the volume for this host.
   *
   * @param requestId one with which this was asked before gets the same attachment
   * @param takeOver who loses the volume, should they be in the way
   */
  CompletionStage<BlockVolume> open(String volumeName, String requestId, TakeOver takeOver);
}
