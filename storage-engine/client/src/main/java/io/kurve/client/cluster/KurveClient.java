package io.kurve.client.cluster;

import io.kurve.client.BlockVolume;
import io.kurve.client.Resumption;
import io.kurve.client.volume.ClientMetrics;
import io.kurve.client.volume.VolumeLimits;
import io.kurve.client.volume.VolumeOpener;
import io.kurve.client.volume.VolumePorts;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.time.SystemRandom;
import io.kurve.protocol.data.DataClient;
import io.kurve.protocol.data.DataClientConfig;
import io.kurve.protocol.data.WireMetrics;
import io.kurve.protocol.handshake.Identity;
import io.prometheus.client.CollectorRegistry;
import java.util.concurrent.CompletionStage;

/**
 * Opens volumes of one cluster for one host. All its volumes share one thread, which is the network
 * thread too: a request goes from its user's thread to that one and its answer back, no further.
 */
public final class KurveClient implements AutoCloseable {
  private final DataClient data;
  private final VolumeOpener opener;

  /**
   * @param host the name under which attachments are known to the cluster
   */
  public KurveClient(
      Identity identity,
      String host,
      MetadataService metadata,
      CollectorRegistry registry,
      FaultHandler faults) {
    this.data = new DataClient(DataClientConfig.defaults(), identity, new WireMetrics(registry));
    this.opener =
        new VolumeOpener(
            identity.cluster(),
            host,
            new VolumePorts(
                data.eventLoop(faults),
                new SystemRandom(),
                metadata,
                (target, request, reply) -> data.send(target.dataAddress(), request, reply),
                new ClientMetrics(registry)),
            VolumeLimits.defaults());
  }

  /**
   * As the volume was made: shared with other holders, or for this one alone.
   *
   * @param requestId see {@link VolumeOpener#open(String, String, TakeOver)}
   * @param takeOver who loses the volume, should they be in the way
   */
  public CompletionStage<BlockVolume> open(String volumeName, String requestId, TakeOver takeOver) {
    return opener.open(volumeName, requestId, takeOver);
  }

  public CompletionStage<BlockVolume> open(String volumeName, AccessMode mode) {
    return opener.open(volumeName, mode);
  }

  /** See {@link VolumeOpener#resume}. */
  public CompletionStage<BlockVolume> resume(Resumption resumption) {
    return opener.resume(resumption);
  }

  /** Breaks the connections: close the volumes before. */
  @Override
  public void close() {
    data.close();
  }
}
