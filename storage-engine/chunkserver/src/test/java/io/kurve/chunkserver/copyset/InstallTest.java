package io.kurve.chunkserver.copyset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.copyset.Command.Discard;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class InstallTest {
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(12);
  private final Replica leader = new Replica(64);
  private final LocalPeer peer = new LocalPeer();
  private final Replica follower = new Replica(64, peer);
  private long nextRequest = 1;
  private long revision = 1;
  private long holder = 10;

  InstallTest() {
    peer.source = () -> leader.machine.blocks();
  }

  private void both(Command command) {
    leader.apply(command);
    follower.apply(command);
  }

  private Command write(long chunk, int block, int value) {
    return Samples.write(
        Samples.origin(holder, nextRequest++), Samples.chunk(chunk), block, 2, value);
  }

  /** Both have the same; then the leader goes on alone and takes a checkpoint. */
  private void fallBehind() throws IOException {
    both(Samples.grant(1, 10));
    for (int chunk = 101; chunk < 106; chunk++) {
      for (int block = 0; block < 40; block += 2) {
        both(write(chunk, block, block));
      }
    }
    follower.checkpoint();
    leader.apply(write(102, 4, 200));
    leader.apply(write(107, 4, 201));
    leader.apply(new Discard(Samples.origin(holder, nextRequest++), Samples.chunk(103), 3, 5));
    leader.apply(
        new Discard(
            Samples.origin(holder, nextRequest++),
            Samples.chunk(104),
            0,
            Geometry.BLOCKS_PER_CHUNK));
    leader.checkpoint();
  }

  private Checkpoint install() throws IOException, InterruptedException {
    return follower.machine.install(Replica.SOURCE, leader.machine.restored());
  }

  /** What the log would do next: the entries after the checkpoint. */
  private void catchUp() {
    follower.log.clear();
    follower.log.addAll(leader.log);
    follower.replay();
  }

  @Test
  void rule12OnlyDifferingBlocksAreFetched() throws Exception {
    fallBehind();
    assertThat(install()).isEqualTo(leader.machine.restored());
    catchUp();
    assertThat(follower.machine.digest()).isEqualTo(leader.machine.digest());
    assertThat(follower.machine.mayVote()).isTrue();
    assertThat(follower.received).containsOnlyKeys(CatchUp.Kind.DELTA);
    assertThat(follower.received.get(CatchUp.Kind.DELTA)).isEqualTo(4L * Geometry.BLOCK_BYTES);
    follower.crashAndReplay(random);
    assertThat(follower.machine.digest()).isEqualTo(leader.machine.digest());
  }

  @Test
  void rule12AnEmptyReplicaGetsAll() throws Exception {
    fallBehind();
    Replica empty = new Replica(64, peer);
    empty.machine.install(Replica.SOURCE, leader.machine.restored());
    assertThat(empty.machine.digest()).isEqualTo(leader.machine.digest());
    assertThat(empty.received).containsOnlyKeys(CatchUp.Kind.FULL);
  }

  @Test
  void aReplicaThatHadNoChunkYetGetsWhatCameSinceAndNoFullCopy() throws Exception {
    both(Samples.grant(1, 10));
    leader.apply(write(101, 0, 1));
    leader.checkpoint();
    install();
    assertThat(follower.received).containsOnlyKeys(CatchUp.Kind.DELTA);
  }

  @Test
  void aSourceWhoseCheckpointDoesNotHoldTogetherEndsTheInstallOnly() throws Exception {
    fallBehind();
    peer.forgetsChunks = true;
    assertThatThrownBy(this::install)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("does not hold together");
    assertThat(follower.machine.mayVote()).isFalse();
    peer.forgetsChunks = false;
    assertThat(install()).isEqualTo(leader.machine.restored());
    assertThat(follower.machine.mayVote()).isTrue();
  }

  @Test
  void aMarkThatFindsNoRoomCostsNoSlots() throws Exception {
    fallBehind();
    follower.apply(
        new Discard(
            Samples.origin(holder, nextRequest++),
            Samples.chunk(105),
            0,
            Geometry.BLOCKS_PER_CHUNK));
    int used = follower.store.slotsUsed();
    for (int marks = 0; marks < 2; marks++) {
      for (int attempt = 0; attempt < 3; attempt++) {
        refuseCheckpointsAfter(marks);
        assertThatThrownBy(this::install).hasMessageContaining("control area");
      }
      // With the first mark the slot that was dropped is free.
      assertThat(follower.store.slotsUsed()).isEqualTo(used - marks);
    }
    follower.store.beforeCheckpoint = () -> {};
    assertThat(install()).isEqualTo(leader.machine.restored());
    assertThat(follower.store.slotsUsed()).isEqualTo(leader.store.slotsUsed());
  }

  private void refuseCheckpointsAfter(int durable) {
    AtomicInteger seen = new AtomicInteger();
    follower.store.beforeCheckpoint =
        () -> {
          if (seen.incrementAndGet() > durable) {
            throw new KurveException(ErrorCode.NO_SPACE, "the control area is full", "none");
          }
        };
  }

  @Test
  void rule12WhileItRunsNothingIsReadVotedOrServed() throws Exception {
    fallBehind();
    peer.beforeEachCall =
        () -> {
          assertThat(follower.machine.mayVote()).isFalse();
          assertThat(follower.store.control().installing()).isTrue();
          assertThatThrownBy(() -> follower.read(101, 0, 1)).hasMessageContaining("installed");
          assertThatThrownBy(() -> follower.machine.blocks().manifest())
              .hasMessageContaining("no source");
          assertThat(follower.apply(Samples.grant(1, 10))).isEqualTo(new CommandReply.NotServing());
          assertThatThrownBy(follower::checkpoint).hasMessageContaining("installed");
        };
    install();
    assertThat(peer.calls).isGreaterThan(3);
    assertThat(follower.machine.mayVote()).isTrue();
  }

  @Test
  void rule12ACheckpointCapturedBeforeDoesNotUndoTheMark() throws Exception {
    fallBehind();
    var captured = follower.machine.capture(Replica.MEMBERS);
    peer.callsUntilFailure = 1;
    assertThatThrownBy(this::install).isInstanceOf(IOException.class);
    assertThatThrownBy(captured::persist).isInstanceOf(IOException.class);
    follower.crashAndReplay(random);
    assertThat(follower.machine.mayVote()).isFalse();
  }

  @Test
  void rule12StoppedAtEachCallUnderOverwritesDiscardsAndFencesItResumes() throws Exception {
    fallBehind();
    for (int failAt = 0; failAt < 12; failAt++) {
      Replica victim = new Replica(64, peer);
      leader.log.subList(0, 60).forEach(victim.log::add);
      victim.replay();
      victim.checkpoint();
      boolean failed;
      int attempt = 0;
      do {
        peer.calls = 0;
        peer.callsUntilFailure = failAt + attempt++;
        peer.beforeEachCall = this::leaderGoesOn;
        try {
          victim.machine.install(Replica.SOURCE, leader.machine.restored());
          failed = false;
        } catch (IOException e) {
          failed = true;
          assertThat(victim.machine.mayVote()).isFalse();
          victim.store.crash(random);
          victim.machine = victim.start();
          assertThat(victim.machine.mayVote()).isFalse();
          assertThat(victim.machine.isInstalling()).isTrue();
        }
      } while (failed);
      peer.beforeEachCall = () -> {};
      victim.log.clear();
      victim.log.addAll(leader.log);
      victim.replay();
      assertThat(victim.machine.digest()).isEqualTo(leader.machine.digest());
      victim.crashAndReplay(random);
      assertThat(victim.machine.digest()).isEqualTo(leader.machine.digest());
    }
  }

  private void leaderGoesOn() {
    long chunk = 101L + random.nextInt(8);
    leader.apply(
        switch (random.nextInt(8)) {
          case 0 ->
              new Discard(
                  Samples.origin(holder, nextRequest++),
                  Samples.chunk(chunk),
                  0,
                  Geometry.BLOCKS_PER_CHUNK);
          case 1 -> new Discard(Samples.origin(holder, nextRequest++), Samples.chunk(chunk), 2, 9);
          case 2 -> Samples.grant(++revision, ++holder);
          default -> write(chunk, random.nextInt(40), random.nextInt(256));
        });
    if (random.nextInt(6) == 0) {
      try {
        leader.checkpoint();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Test
  void rule12AKeptBlockThatIsDamagedIsFetched() throws Exception {
    fallBehind();
    follower.store.damage(follower.slot(101), 7);
    follower.store.damageEntry(follower.slot(105), 9);
    install();
    catchUp();
    assertThat(follower.machine.digest()).isEqualTo(leader.machine.digest());
    assertThat(follower.read(101, 7, 1)).isEqualTo(leader.read(101, 7, 1));
    assertThat(follower.received.get(CatchUp.Kind.DELTA)).isEqualTo(6L * Geometry.BLOCK_BYTES);
  }

  /** The source drops its log while that takes long, and again and again under load. */
  @Test
  void rule12AnInstallThatFollowsAnotherReadsNoKeptBlockAgain() throws Exception {
    fallBehind();
    peer.callsUntilFailure = 4;
    assertThatThrownBy(this::install).isInstanceOf(IOException.class);
    assertThat(follower.store.blocksRead).isPositive();
    peer.callsUntilFailure = Integer.MAX_VALUE;
    install();
    long once = follower.store.blocksRead;
    assertThat(once).isLessThanOrEqualTo(5 * 41);
    leader.apply(write(102, 8, 77));
    leader.checkpoint();
    install();
    assertThat(follower.store.blocksRead).isEqualTo(once);
    assertThat(follower.machine.digest()).isEqualTo(leader.machine.digest());

    catchUp();
    both(write(105, 0, 78));
    leader.apply(write(102, 8, 79));
    leader.checkpoint();
    follower.store.damage(follower.slot(101), 7);
    install();
    assertThat(follower.store.blocksRead).isGreaterThan(once + 100);
    assertThat(follower.read(101, 7, 1)).isEqualTo(leader.read(101, 7, 1));
  }

  /** Both have so many blocks of chunk 101; of one the leader gets other bytes, same checksum. */
  private void fallBehindByATwin(int blocks) throws IOException {
    both(Samples.grant(1, 10));
    for (int block = 0; block < blocks; block += 2) {
      both(write(101, block, block));
    }
    follower.checkpoint();
    ByteBuffer twin = Samples.twin(Samples.filled(1, 6));
    Command.Write change =
        Samples.write(Samples.origin(holder, nextRequest++), Samples.chunk(101), 6, twin);
    assertThat(change.checksums()).isEqualTo(BlockChecksum.ofBlocks(Samples.filled(1, 6)));
    leader.apply(change);
    leader.checkpoint();
  }

  private void assertTheTwinIsFetched() throws Exception {
    assertThat(follower.machine.digest()).isNotEqualTo(leader.machine.digest());
    install();
    assertThat(follower.read(101, 6, 1)).isEqualTo(leader.read(101, 6, 1));
    assertThat(follower.read(101, 6, 1)).isNotEqualTo(Samples.filled(1, 6).array());
    assertThat(follower.machine.digest()).isEqualTo(leader.machine.digest());
    assertThat(follower.received.get(CatchUp.Kind.DELTA)).isEqualTo(Geometry.BLOCK_BYTES);
  }

  @Test
  void rule12OtherBytesUnderTheSameChecksumAreFetched() throws Exception {
    fallBehindByATwin(300);
    assertTheTwinIsFetched();
    assertThat(peer.digestsAsked).isEqualTo(300);
  }

  @Test
  void rule12OtherBytesUnderTheSameChecksumAreFetchedToAChunkOfFewBlocks() throws Exception {
    fallBehindByATwin(8);
    assertTheTwinIsFetched();
  }

  @Test
  void rule12OtherBytesUnderTheSameChecksumAreFetchedBesideOtherDifferences() throws Exception {
    fallBehindByATwin(300);
    leader.apply(write(101, 400, 1));
    leader.checkpoint();
    install();
    assertThat(follower.read(101, 6, 1)).isEqualTo(leader.read(101, 6, 1));
    assertThat(follower.machine.digest()).isEqualTo(leader.machine.digest());
    assertThat(follower.received.get(CatchUp.Kind.DELTA)).isEqualTo(3 * Geometry.BLOCK_BYTES);
  }

  @Test
  void aLargeChunkThatIsTheSameCostsOneDigest() throws Exception {
    both(Samples.grant(1, 10));
    for (int block = 0; block < 300; block += 2) {
      both(write(101, block, block));
    }
    leader.checkpoint();
    install();
    assertThat(follower.machine.digest()).isEqualTo(leader.machine.digest());
    assertThat(follower.received).isEmpty();
    assertThat(peer.digestsAsked).isZero();
    both(write(102, 0, 1));
    leader.checkpoint();
    follower.store.damage(follower.slot(101), 7);
    install();
    assertThat(peer.digestsAsked).isEqualTo(302);
    assertThat(follower.received.get(CatchUp.Kind.DELTA)).isEqualTo(Geometry.BLOCK_BYTES);
  }

  /** The source is repaired from this replica later, by the same rule. */
  @Test
  void aKeptBlockThatTheSourceCantReadStaysWhenItMatchesTheSourcesTable() throws Exception {
    fallBehind();
    leader.store.damage(leader.slot(101), 7);
    install();
    assertThat(follower.machine.mayVote()).isTrue();
    assertThat(follower.read(101, 7, 1)).isEqualTo(Samples.filled(1, 7).array());
    catchUp();
    both(write(102, 0, 1));
    leader.checkpoint();
    follower.store.damage(follower.slot(101), 7);
    assertThatThrownBy(this::install).hasMessageContaining("damaged");
    assertThat(follower.machine.mayVote()).isFalse();
  }

  @Test
  void rule12WhatWasFencedStaysFenced() throws Exception {
    fallBehind();
    leader.apply(Samples.grant(2, 11));
    leader.checkpoint();
    install();
    assertThat(follower.machine.readVerdict(Samples.chunk(101), new AttachmentId(10))).isPresent();
    assertThat(follower.machine.readVerdict(Samples.chunk(101), new AttachmentId(11))).isEmpty();
  }

  @Test
  void anOldCheckpointOfTheSourceIsNotTaken() throws Exception {
    fallBehind();
    Checkpoint later = new Checkpoint(new LogPosition(1, 100_000), Replica.MEMBERS);
    assertThatThrownBy(() -> follower.machine.install(Replica.SOURCE, later))
        .hasMessageContaining("wanted is 100000");
    assertThat(follower.machine.mayVote()).isFalse();
  }
}
