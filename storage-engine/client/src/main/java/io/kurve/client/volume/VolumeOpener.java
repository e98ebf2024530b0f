package io.kurve.client.volume;

import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Opens volumes for one host: asks the MDS, with retries for a while, and starts the lease. */
public final class VolumeOpener {
  private final ClusterId cluster;
  private final String host;
  private final VolumePorts ports;
  private final VolumeLimits limits;
  private final Turn turn;
  private final MetadataCalls metadata;

  public VolumeOpener(ClusterId cluster, String host, VolumePorts ports, VolumeLimits limits) {
    this.cluster = cluster;
    this.host = host;
    this.ports = ports;
    this.limits = limits;
    this.turn = new Turn(ports.loop());
    this.metadata = new MetadataCalls(ports, limits.retry(), turn);
  }

  /** Ends exceptionally with what the MDS says, or with its silence after the deadline. */
  public CompletionStage<BlockVolume> open(String volumeName, AccessMode mode) {
    CompletableFuture<BlockVolume> future = new CompletableFuture<>();
    turn.enter(() -> ask(volumeName, mode, future));
    return future;
  }

  private void ask(String volumeName, AccessMode mode, CompletableFuture<BlockVolume> future) {
    String requestId = new UUID(ports.random().nextLong(), ports.random().nextLong()).toString();
    long askedAt = ports.loop().nanoTime();
    long patience = limits.retry().attachmentDeadline().toNanos();
    metadata.ask(
        () -> ports.metadata().open(volumeName, host, requestId, mode),
        () -> ports.loop().nanoTime() - askedAt < patience,
        opened -> {
          OpenVolume volume =
              new OpenVolume(
                  new VolumeIdentity(cluster, host, mode, opened, askedAt), ports, limits);
          volume.start();
          future.complete(volume);
        },
        failure ->
            future.completeExceptionally(
                MetadataCalls.mayPass(failure.code())
                    ? new KurveException(
                        ErrorCode.UNAVAILABLE,
                        "volume '%s' could not be opened: %s".formatted(volumeName, failure.text()),
                        "see whether an MDS runs: kurve cluster status",
                        failure)
                    : failure));
  }
}
