package io.kurve.protocol.control;

import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.convert.ChunkserverMessages;
import io.kurve.protocol.convert.PlaceMessages;
import io.kurve.protocol.data.AddressBook;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.v1.ChunkIds;
import io.kurve.protocol.v1.ChunksOfRequest;
import io.kurve.protocol.v1.ChunkserverCommandsGrpc;
import io.kurve.protocol.v1.CreateCopysetRequest;
import io.kurve.protocol.v1.PurgeReplicaRequest;
import io.kurve.protocol.v1.PurgeVolumeRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * The MDS's way to chunkservers. One channel a replica, at the address that the book gives now; a
 * chunkserver with another store refuses. Each command is sent once.
 */
public final class ChunkserverCommandsClient implements ChunkserverCommands, AutoCloseable {
  private final AddressBook controlAddresses;
  private final Identity self;
  private final Duration timeout;
  private final Map<ReplicaId, Line> lines = new TreeMap<>();

  private record Line(HostAndPort address, ControlChannel channel) {}

  /**
   * @param timeout of each command
   */
  public ChunkserverCommandsClient(AddressBook controlAddresses, Identity self, Duration timeout) {
    this.controlAddresses = controlAddresses;
    this.self = self;
    this.timeout = timeout;
  }

  @Override
  public CompletionStage<Void> createCopyset(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership membership) {
    return call(
            target,
            ChunkserverCommandsGrpc.getCreateCopysetMethod(),
            members(target, authority, copyset, membership))
        .thenAccept(nothing -> {});
  }

  @Override
  public CompletionStage<Void> changeMembership(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership wanted) {
    return call(
            target,
            ChunkserverCommandsGrpc.getChangeMembershipMethod(),
            members(target, authority, copyset, wanted))
        .thenAccept(nothing -> {});
  }

  private static CreateCopysetRequest members(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership membership) {
    return CreateCopysetRequest.newBuilder()
        .setTarget(PlaceMessages.replica(target))
        .setAuthority(ChunkserverMessages.authority(authority))
        .setCopyset(PlaceMessages.copyset(copyset))
        .setMembership(PlaceMessages.members(membership))
        .build();
  }

  @Override
  public CompletionStage<Void> purgeReplica(
      ReplicaId target, Authority authority, CopysetKey copyset, long removingTransaction) {
    return call(
            target,
            ChunkserverCommandsGrpc.getPurgeReplicaMethod(),
            PurgeReplicaRequest.newBuilder()
                .setTarget(PlaceMessages.replica(target))
                .setAuthority(ChunkserverMessages.authority(authority))
                .setCopyset(PlaceMessages.copyset(copyset))
                .setRemovingTransaction(removingTransaction)
                .build())
        .thenAccept(nothing -> {});
  }

  @Override
  public CompletionStage<Void> grant(
      ReplicaId target, Authority authority, CopysetKey copyset, Grant grant) {
    return call(
            target,
            ChunkserverCommandsGrpc.getGrantMethod(),
            ChunkserverMessages.grant(grant)
                .setTarget(PlaceMessages.replica(target))
                .setAuthority(ChunkserverMessages.authority(authority))
                .setCopyset(PlaceMessages.copyset(copyset))
                .build())
        .thenAccept(nothing -> {});
  }

  @Override
  public CompletionStage<Void> purgeVolume(
      ReplicaId target,
      Authority authority,
      CopysetKey copyset,
      VolumeId volume,
      long deletingTransaction) {
    return call(
            target,
            ChunkserverCommandsGrpc.getPurgeVolumeMethod(),
            PurgeVolumeRequest.newBuilder()
                .setTarget(PlaceMessages.replica(target))
                .setAuthority(ChunkserverMessages.authority(authority))
                .setCopyset(PlaceMessages.copyset(copyset))
                .setVolumeId(volume.value())
                .setDeletingTransaction(deletingTransaction)
                .build())
        .thenAccept(nothing -> {});
  }

  @Override
  public CompletionStage<List<Long>> chunksOf(
      ReplicaId target, CopysetKey copyset, VolumeId volume) {
    return call(
            target,
            ChunkserverCommandsGrpc.getChunksOfMethod(),
            ChunksOfRequest.newBuilder()
                .setTarget(PlaceMessages.replica(target))
                .setCopyset(PlaceMessages.copyset(copyset))
                .setVolumeId(volume.value())
                .build())
        .thenApply(ChunkIds::getIdsList);
  }

  private <A, B> CompletableFuture<B> call(
      ReplicaId target, MethodDescriptor<A, B> method, A request) {
    Optional<HostAndPort> address = controlAddresses.address(target);
    if (address.isEmpty()) {
      return CompletableFuture.failedFuture(
          new KurveException(
              ErrorCode.UNAVAILABLE,
              "the address of " + target + " is not known",
              "see whether the chunkserver runs and reaches the MDS"));
    }
    return line(target, address.get())
        .call(method, request, Deadline.after(timeout.toNanos(), TimeUnit.NANOSECONDS));
  }

  private synchronized ControlChannel line(ReplicaId target, HostAndPort address) {
    Line known = lines.get(target);
    if (known != null && known.address().equals(address)) {
      return known.channel();
    }
    if (known != null) {
      known.channel().close();
    }
    ControlChannel channel = ControlChannel.to(address, self, Optional.of(target.store()));
    lines.put(target, new Line(address, channel));
    return channel;
  }

  @Override
  public synchronized void close() {
    lines.values().forEach(line -> line.channel().close());
    lines.clear();
  }
}
