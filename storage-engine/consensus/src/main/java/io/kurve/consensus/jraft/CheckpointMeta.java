package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.entity.PeerId;
import com.alipay.sofa.jraft.entity.RaftOutter.SnapshotMeta;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import java.util.List;

/** A checkpoint's place and members in jraft's words. */
final class CheckpointMeta {
  private CheckpointMeta() {}

  static SnapshotMeta encode(Checkpoint checkpoint) {
    return SnapshotMeta.newBuilder()
        .setLastIncludedIndex(checkpoint.at().index())
        .setLastIncludedTerm(checkpoint.at().term())
        .addAllPeers(names(checkpoint.membership().voters()))
        .addAllLearners(names(checkpoint.membership().learners()))
        .build();
  }

  private static List<String> names(List<ReplicaId> replicas) {
    return PeerNames.peers(replicas).stream().map(PeerId::toString).toList();
  }

  static Checkpoint decode(SnapshotMeta meta) {
    return new Checkpoint(
        new LogPosition(meta.getLastIncludedTerm(), meta.getLastIncludedIndex()),
        new Membership(
            meta.getPeersList().stream().map(PeerNames::parse).map(PeerNames::replica).toList(),
            meta.getLearnersList().stream()
                .map(PeerNames::parse)
                .map(PeerNames::replica)
                .toList()));
  }
}
