package io.kurve.client.volume;

import io.kurve.client.BlockVolume;
import io.kurve.client.Resumption;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.MetadataService.Opened;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.Volume;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Opens volumes for one host: asks the MDS, with retries for a while, and starts the lease. */
public final class VolumeOpener {
  private static final int MAX_UNANSWERED = 1024;

  /** No longer than what an MDS gives: it is renewed in time. */
  private static final Duration RESUMED_LEASE = Duration.ofSeconds(10);

  /** I/O stands still meanwhile. */
  private static final Duration CONFIRMATION = Duration.ofMillis(300);

  private final ClusterId cluster;
  private final String host;
  private final VolumePorts ports;
  private final VolumeLimits limits;
  private final Turn turn;
  private final MetadataCalls metadata;

  /**
   * Of opens that ended without an answer: the MDS may hold the volume for us without our knowing.
   * Asked for again under the same id it gives that attachment; under another one it would refuse,
   * naming us as the holder, for ever. On the loop only.
   */
  private final Map<String, String> unanswered = new LinkedHashMap<>();

  public VolumeOpener(ClusterId cluster, String host, VolumePorts ports, VolumeLimits limits) {
    this.cluster = cluster;
    this.host = host;
    this.ports = ports;
    this.limits = limits;
    this.turn = new Turn(ports.loop());
    this.metadata = new MetadataCalls(ports, limits.retry(), turn);
  }

  /**
   * Ends exceptionally with what the MDS says, or with its silence after the deadline
   * (UNAVAILABLE).
   */
  public CompletionStage<BlockVolume> open(String volumeName, AccessMode mode) {
    return open(volumeName, mode, TakeOver.FROM_NOBODY);
  }

  /**
   * @param takeOver who loses the volume; nothing of theirs is served any more when this has ended
   */
  public CompletionStage<BlockVolume> open(String volumeName, AccessMode mode, TakeOver takeOver) {
    CompletableFuture<BlockVolume> future = new CompletableFuture<>();
    turn.enter(() -> {
      String known = unanswered.remove(volumeName);
      String requestId =
          known == null
              ? new UUID(ports.random().nextLong(), ports.random().nextLong()).toString()
              : known;
      ask(
          new Asked(volumeName, requestId, mode, takeOver),
          () -> remember(volumeName, requestId),
          future);
    });
    return future;
  }

  /**
   * As the volume was made: shared with other holders, or for this one alone.
   *
   * @param requestId the caller's, who remembers it after a silence: the MDS may hold the volume
   *     for this host, and only under the same id it gives that attachment
   * @param takeOver who loses the volume, should they be in the way
   */
  public CompletionStage<BlockVolume> open(String volumeName, String requestId, TakeOver takeOver) {
    return openAs(new Asked(volumeName, requestId, AccessMode.SHARED, takeOver))
        .exceptionallyCompose(failure ->
            // It is not a shared one; should something else be wrong, the MDS says so again.
            failure instanceof KurveException known && known.code() == ErrorCode.INVALID_ARGUMENT
                ? openAs(new Asked(volumeName, requestId, AccessMode.EXCLUSIVE, takeOver))
                : CompletableFuture.failedStage(failure));
  }

  /**
   * Goes on with an attachment that an earlier process of this host took and that nobody uses any
   * more. Asks for no new one: if it is fenced, so is the volume. The MDS confirms it, if it
   * answers soon; else copysets, which admit nobody without a grant, are the judges.
   */
  public CompletionStage<BlockVolume> resume(Resumption resumption) {
    Volume volume = resumption.volume();
    OpenVolume resumed =
        new OpenVolume(
            new VolumeIdentity(
                cluster,
                host,
                volume.shared() ? AccessMode.SHARED : AccessMode.EXCLUSIVE,
                new Opened(volume, resumption.attachment(), RESUMED_LEASE)),
            ports,
            limits,
            new NumberWindow(limits.numberSpan(), resumption));
    return resumed.startResumed(CONFIRMATION).thenApply(confirmed -> resumed);
  }

  /** The same at each try. */
  private record Asked(String volumeName, String requestId, AccessMode mode, TakeOver takeOver) {}

  private CompletionStage<BlockVolume> openAs(Asked asked) {
    CompletableFuture<BlockVolume> future = new CompletableFuture<>();
    turn.enter(() -> ask(asked, () -> {}, future));
    return future;
  }

  private void ask(Asked asked, Runnable onSilence, CompletableFuture<BlockVolume> future) {
    long askedAt = ports.loop().nanoTime();
    long patience = limits.retry().attachmentDeadline().toNanos();
    metadata.ask(
        () ->
            ports
                .metadata()
                .open(asked.volumeName(), host, asked.requestId(), asked.mode(), asked.takeOver()),
        () -> ports.loop().nanoTime() - askedAt < patience,
        opened -> {
          OpenVolume volume =
              new OpenVolume(
                  new VolumeIdentity(cluster, host, asked.mode(), opened), ports, limits);
          volume.start();
          future.complete(volume);
        },
        failure -> {
          if (!MetadataCalls.mayPass(failure.code())) {
            future.completeExceptionally(failure);
            return;
          }
          onSilence.run();
          future.completeExceptionally(
              new KurveException(
                  ErrorCode.UNAVAILABLE,
                  "volume '%s' could not be opened: %s"
                      .formatted(asked.volumeName(), failure.text()),
                  "see with `kurve cluster status` whether an MDS runs",
                  failure));
        });
  }

  private void remember(String volumeName, String requestId) {
    if (unanswered.size() >= MAX_UNANSWERED) {
      unanswered.remove(unanswered.keySet().iterator().next());
    }
    unanswered.put(volumeName, requestId);
  }
}
