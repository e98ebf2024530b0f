package io.kurve.protocol.control;

import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.VolumeHostService;
import io.kurve.protocol.convert.VolumeMessages;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.v1.AttachRequest;
import io.kurve.protocol.v1.DetachRequest;
import io.kurve.protocol.v1.Nothing;
import io.kurve.protocol.v1.VolumeHostGrpc;
import io.kurve.protocol.v1.VolumeName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** The volume host behind a unix socket. */
public final class VolumeHostClient implements VolumeHostService, AutoCloseable {
  private final ControlChannel channel;
  private final Duration timeout;

  /**
   * @param timeout of each call
   */
  public VolumeHostClient(Path socket, Identity self, Duration timeout) {
    this.channel = ControlChannel.toSocket(socket, self);
    this.timeout = timeout;
  }

  @Override
  public CompletionStage<AttachedDevice> attach(String volumeName, Set<AttachmentId> takeOver) {
    return call(
            VolumeHostGrpc.getAttachMethod(),
            AttachRequest.newBuilder()
                .setName(volumeName)
                .addAllTakeOver(takeOver.stream().map(AttachmentId::value).sorted().toList())
                .build())
        .thenApply(VolumeMessages::device);
  }

  @Override
  public CompletionStage<Void> detach(String volumeName, boolean force) {
    return call(
            VolumeHostGrpc.getDetachMethod(),
            DetachRequest.newBuilder().setName(volumeName).setForce(force).build())
        .thenAccept(nothing -> {});
  }

  @Override
  public CompletionStage<List<AttachedDevice>> list() {
    return call(VolumeHostGrpc.getListMethod(), Nothing.getDefaultInstance())
        .thenApply(list -> list.getDevicesList().stream().map(VolumeMessages::device).toList());
  }

  @Override
  public CompletionStage<AttachedDevice> info(String volumeName) {
    return call(VolumeHostGrpc.getInfoMethod(), named(volumeName))
        .thenApply(VolumeMessages::device);
  }

  @Override
  public CompletionStage<AttachedDevice> resize(String volumeName) {
    return call(VolumeHostGrpc.getResizeMethod(), named(volumeName))
        .thenApply(VolumeMessages::device);
  }

  private static VolumeName named(String name) {
    return VolumeName.newBuilder().setName(name).build();
  }

  private <A, B> CompletableFuture<B> call(MethodDescriptor<A, B> method, A request) {
    return channel.call(method, request, Deadline.after(timeout.toNanos(), TimeUnit.NANOSECONDS));
  }

  @Override
  public void close() {
    channel.close();
  }
}
