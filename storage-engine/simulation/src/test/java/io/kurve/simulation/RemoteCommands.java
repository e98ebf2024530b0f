package io.kurve.simulation;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.testkit.world.SimNetwork;
import io.kurve.testkit.world.SimProcess;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** Chunkservers as an MDS reaches them; its commands may come twice, much later. */
record RemoteCommands(SimCluster cluster, SimProcess from) implements ChunkserverCommands {
  @Override
  public CompletionStage<Void> createCopyset(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership membership) {
    return ask(
        target,
        "create " + copyset,
        door -> door.createCopyset(target, authority, copyset, membership));
  }

  @Override
  public CompletionStage<Void> grant(
      ReplicaId target, Authority authority, CopysetKey copyset, Grant grant) {
    return ask(target, "grant " + grant, door -> door.grant(target, authority, copyset, grant));
  }

  @Override
  public CompletionStage<Void> purgeVolume(
      ReplicaId target,
      Authority authority,
      CopysetKey copyset,
      VolumeId volume,
      long deletingTransaction) {
    return ask(
        target,
        "purge " + volume,
        door -> door.purgeVolume(target, authority, copyset, volume, deletingTransaction));
  }

  @Override
  public CompletionStage<Void> changeMembership(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership wanted) {
    return ask(
        target,
        "change " + copyset,
        door -> door.changeMembership(target, authority, copyset, wanted));
  }

  @Override
  public CompletionStage<Void> purgeReplica(
      ReplicaId target, Authority authority, CopysetKey copyset, long removingTransaction) {
    return ask(
        target,
        "purge replica of " + copyset,
        door -> door.purgeReplica(target, authority, copyset, removingTransaction));
  }

  @Override
  public CompletionStage<List<Long>> chunksOf(
      ReplicaId target, CopysetKey copyset, VolumeId volume) {
    return ask(target, "chunks of " + volume, door -> door.chunksOf(target, copyset, volume));
  }

  private <T> CompletionStage<T> ask(
      ReplicaId target, String what, Function<ChunkserverCommands, CompletionStage<T>> call) {
    SimChunkserver to = cluster.chunkserver(target.store());
    return cluster
        .network()
        .ask(
            from,
            to.process(),
            SimNetwork.Kind.DOUBLED,
            what,
            () -> call.apply(to.running().orElseThrow(SimCluster::notRunning).commands()));
  }
}
