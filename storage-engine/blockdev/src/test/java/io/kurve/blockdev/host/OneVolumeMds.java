package io.kurve.blockdev.host;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.protocol.control.ControlServer;
import io.kurve.protocol.control.MdsServices;
import io.kurve.protocol.handshake.Identity;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * An MDS with one exclusive volume. Who opens it first holds it and hears nothing; who asks again
 * under the same id is answered.
 */
final class OneVolumeMds implements MetadataService {
  private static final String NAME = "demo";

  /** Attachments by request id. */
  private final Map<String, AttachmentId> holders = new ConcurrentSkipListMap<>();

  private final Volume volume =
      new Volume(
          new VolumeId(3),
          NAME,
          16 << 20,
          4096,
          false,
          1,
          Volume.State.ACTIVE,
          Instant.EPOCH,
          Optional.empty(),
          0);

  ControlServer serve(Identity self) {
    return ControlServer.start(
        new HostAndPort("127.0.0.1", 0),
        self,
        new MdsServices(
            this,
            absent(VolumeAdmin.class),
            absent(ChunkserverRegistry.class),
            absent(ClusterInspection.class)));
  }

  private static <T> T absent(Class<T> service) {
    return service.cast(
        Proxy.newProxyInstance(
            service.getClassLoader(),
            new Class<?>[] {service},
            (_, method, _) -> {
              throw new UnsupportedOperationException(method.toString());
            }));
  }

  Map<String, AttachmentId> holders() {
    return Map.copyOf(holders);
  }

  @Override
  public CompletionStage<Opened> open(
      String volumeName, String host, String requestId, AccessMode mode, TakeOver takeOver) {
    if (mode == AccessMode.SHARED) {
      return refused(ErrorCode.INVALID_ARGUMENT);
    }
    AttachmentId held = holders.get(requestId);
    if (held != null) {
      return CompletableFuture.completedStage(new Opened(volume, held, Duration.ofSeconds(10)));
    }
    if (!holders.isEmpty()) {
      return refused(ErrorCode.ATTACHED_ELSEWHERE);
    }
    holders.put(requestId, new AttachmentId(1));
    return new CompletableFuture<>();
  }

  private static <T> CompletionStage<T> refused(ErrorCode code) {
    return CompletableFuture.failedStage(new KurveException(code, NAME, ""));
  }

  @Override
  public CompletionStage<List<AttachmentId>> renew(String host, List<AttachmentId> attachments) {
    return CompletableFuture.completedStage(List.of());
  }

  @Override
  public CompletionStage<Void> close(String host, AttachmentId attachment) {
    holders.values().remove(attachment);
    return CompletableFuture.completedStage(null);
  }

  @Override
  public CompletionStage<SegmentMapping> segment(
      VolumeId volumeId, AttachmentId attachment, long segmentIndex, boolean allocate) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletionStage<List<CopysetPlacement>> placements(List<CopysetId> copysets) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletionStage<Volume> volume(VolumeId id) {
    return CompletableFuture.completedStage(volume);
  }
}
