package io.kurve.consensus.jraft;

import static org.assertj.core.api.Assertions.assertThat;

import com.alipay.sofa.jraft.entity.PeerId;
import io.kurve.consensus.wal.GroupLog;
import io.kurve.consensus.wal.GroupLog.HardState;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.Membership;
import io.kurve.testkit.failure.HaltingFaultHandler;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class WalMetaStorageTest {
  private static final ReplicaId SELF = replica(1);
  private static final ReplicaId OTHER = replica(2);
  private static final ReplicaId THIRD = replica(3);

  private final InMemoryGroupLogs logs = new InMemoryGroupLogs(new HaltingFaultHandler());
  private final GroupLog wal =
      logs.found(
          new CopysetKey(new CopysetId(1), new CopysetGeneration(1)),
          Membership.ofVoters(List.of(SELF, OTHER, THIRD)));
  private final WalMetaStorage meta = new WalMetaStorage(wal, () -> true);

  private static ReplicaId replica(long number) {
    return new ReplicaId(new ChunkserverId(number), new StoreId(new UUID(0, number)));
  }

  private static PeerId peer(ReplicaId replica) {
    return PeerNames.peer(replica);
  }

  /** jraft raises its term on an answer that it gets, in a thread that swallows what is thrown. */
  @Test
  void rule03AVoteIsWrittenWithTheTermItWasGivenIn() {
    assertThat(meta.setTermAndVotedFor(4, PeerId.emptyPeer())).isTrue();
    logs.lackRoomForVotes(true);
    assertThat(meta.setTermAndVotedFor(5, PeerId.emptyPeer())).isFalse();
    assertThat(meta.setVotedFor(peer(OTHER))).as("no vote without room").isFalse();
    logs.lackRoomForVotes(false);
    assertThat(meta.setVotedFor(peer(OTHER))).isTrue();
    assertThat(wal.hardState()).isEqualTo(new HardState(5, Optional.of(OTHER)));
    WalMetaStorage restarted = new WalMetaStorage(wal, () -> true);
    assertThat(restarted.getTerm()).isEqualTo(5);
    assertThat(restarted.getVotedFor()).isEqualTo(peer(OTHER));
  }

  @Test
  void rule03ALeadersTermIsDurableBeforeItsMessageIsTaken() {
    logs.lackRoomForVotes(true);
    assertThat(meta.raise(3)).isFalse();
    logs.lackRoomForVotes(false);
    assertThat(meta.raise(3)).isTrue();
    assertThat(wal.hardState()).isEqualTo(new HardState(3, Optional.empty()));
    assertThat(meta.setTermAndVotedFor(3, peer(SELF))).isTrue();
    assertThat(meta.raise(2)).isTrue();
    assertThat(wal.hardState()).isEqualTo(new HardState(3, Optional.of(SELF)));
  }

  @Test
  void rule03NothingIsPromisedBelowWhatWasRaisedMeanwhile() {
    assertThat(meta.raise(7)).isTrue();
    assertThat(meta.setTermAndVotedFor(6, peer(SELF))).isFalse();
    assertThat(wal.hardState()).isEqualTo(new HardState(7, Optional.empty()));
  }
}
