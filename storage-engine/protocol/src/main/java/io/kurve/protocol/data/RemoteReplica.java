package io.kurve.protocol.data;

import io.kurve.core.data.ReplicaMessages;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.convert.BadMessage;
import io.kurve.protocol.convert.ReplicaWire;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameType;
import io.kurve.protocol.v1.ReplicaRequestHeader;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** A replica elsewhere. Stages end on a network thread. */
final class RemoteReplica implements ReplicaService {
  private final DataClient client;
  private final ReplicaId target;
  private final AddressBook addresses;
  private final Duration timeout;

  RemoteReplica(DataClient client, ReplicaId target, AddressBook addresses, Duration timeout) {
    this.client = client;
    this.target = target;
    this.addresses = addresses;
    this.timeout = timeout;
  }

  @Override
  public CompletionStage<ReplicaMessages.RepairBlocks> readForRepair(
      CopysetKey copyset, ReplicaMessages.ReadForRepair request) {
    return call(
        to(copyset).setReadForRepair(ReplicaWire.message(request)), ReplicaWire::repairBlocks);
  }

  @Override
  public CompletionStage<ReplicaMessages.CheckpointManifest> checkpoint(CopysetKey copyset) {
    return call(
        to(copyset).setCheckpoint(ReplicaRequestHeader.Checkpoint.getDefaultInstance()),
        ReplicaWire::checkpoint);
  }

  @Override
  public CompletionStage<ReplicaMessages.ChunkSums> chunkSums(
      CopysetKey copyset, ReplicaMessages.ChunkSumsQuery query) {
    return call(
        to(copyset).setChunkSums(ReplicaWire.message(query)),
        frame -> ReplicaWire.chunkSums(frame, query.chunk()));
  }

  @Override
  public CompletionStage<ReplicaMessages.BlockDigests> blockDigests(
      CopysetKey copyset, ReplicaMessages.BlockDigestsQuery query) {
    return call(
        to(copyset).setBlockDigests(ReplicaWire.message(query)),
        frame -> ReplicaWire.blockDigests(frame, query.blocks().length));
  }

  @Override
  public CompletionStage<ReplicaMessages.FetchedBlocks> fetchBlocks(
      CopysetKey copyset, ReplicaMessages.FetchBlocks request) {
    return call(
        to(copyset).setFetchBlocks(ReplicaWire.message(request)), ReplicaWire::fetchedBlocks);
  }

  private ReplicaRequestHeader.Builder to(CopysetKey copyset) {
    return ReplicaWire.request(target.store(), copyset, timeout);
  }

  private <T> CompletionStage<T> call(
      ReplicaRequestHeader.Builder header, Function<Frame, T> decode) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    Optional<HostAndPort> address = addresses.address(target);
    if (address.isEmpty()) {
      answer.completeExceptionally(unavailable(ErrorCode.UNAVAILABLE, "its address is not known"));
      return answer;
    }
    client
        .link(address.get(), target.store(), Link.Lane.REPLICA)
        .ask(
            new Ask(
                FrameType.REPLICA_REQUEST,
                header.build().toByteArray(),
                List.of(),
                DataClient.deadline(timeout),
                new Told<>(decode, answer, this)));
    return answer;
  }

  private KurveException unavailable(ErrorCode code, String why) {
    return new KurveException(code, "replica " + target + ": " + why, "try again or ask another");
  }

  private record Told<T>(
      Function<Frame, T> decode, CompletableFuture<T> answer, RemoteReplica replica)
      implements Ask.Answer {
    @Override
    public void answered(Frame frame) {
      T value;
      try {
        value = decode.apply(frame);
      } catch (KurveException failure) {
        answer.completeExceptionally(failure);
        return;
      } catch (BadMessage bad) {
        failed(ErrorCode.UNAVAILABLE, String.valueOf(bad.getMessage()), true);
        return;
      }
      answer.complete(value);
    }

    @Override
    public void failed(ErrorCode code, String why, boolean sent) {
      answer.completeExceptionally(replica.unavailable(code, why));
    }
  }
}
