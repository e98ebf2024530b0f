package io.kurve.chunkserver.copyset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.copyset.Command.Discard;
import io.kurve.chunkserver.copyset.Command.Origin;
import io.kurve.chunkserver.copyset.Command.PurgeVolume;
import io.kurve.chunkserver.copyset.Command.SetGrant;
import io.kurve.chunkserver.copyset.Command.WriteZeroes;
import io.kurve.chunkserver.copyset.CommandReply.AlreadyAnswered;
import io.kurve.chunkserver.copyset.CommandReply.DamagedPayload;
import io.kurve.chunkserver.copyset.CommandReply.Done;
import io.kurve.chunkserver.copyset.CommandReply.Fenced;
import io.kurve.chunkserver.copyset.CommandReply.Refused;
import io.kurve.chunkserver.copyset.CommandReply.StaleGrant;
import io.kurve.chunkserver.copyset.CommandReply.StaleTerm;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.metadata.ChunkserverCommands.Grant;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.failure.HaltingFaultHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class CopysetStateMachineTest {
  private final Replica replica = new Replica(4);
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);

  private CommandReply write(long attachment, long number, long chunk, int value) {
    return replica.apply(
        Samples.write(Samples.origin(attachment, number), Samples.chunk(chunk), 0, 1, value));
  }

  private CommandReply grant(long revision, long... attachments) {
    return replica.apply(Samples.grant(revision, attachments));
  }

  private int controlBytes() throws IOException {
    replica.checkpoint();
    return replica.machine.persistedControl().state().toArray().length;
  }

  @Test
  void writesAndReadsBack() throws IOException {
    grant(1, 10);
    assertThat(write(10, 1, 101, 9)).isEqualTo(new Done());
    assertThat(replica.read(101, 0, 1)).isEqualTo(Samples.filled(1, 9).array());
    assertThat(replica.read(101, 1, 1)).isEqualTo(new byte[4096]);
    assertThat(replica.read(102, 0, 1)).isEqualTo(new byte[4096]);
  }

  @Test
  void rule19NobodyIsServedWithoutAGrant() throws IOException {
    assertThat(write(10, 1, 101, 9)).isInstanceOf(Fenced.class);
    assertThat(replica.machine.readVerdict(Samples.chunk(101), new AttachmentId(10)))
        .containsInstanceOf(Fenced.class);
    grant(1, 10);
    assertThat(replica.machine.readVerdict(Samples.chunk(101), new AttachmentId(10))).isEmpty();
    grant(2, 11);
    assertThat(write(10, 2, 101, 9)).isInstanceOf(Fenced.class);
    assertThat(replica.machine.readVerdict(Samples.chunk(101), new AttachmentId(10)))
        .containsInstanceOf(Fenced.class);
    assertThat(replica.store.slotsUsed()).isZero();
  }

  @Test
  void rule19AFencedAttachmentIsRefusedForEverAlsoAfterARestart() throws IOException {
    grant(1, 10);
    grant(2, 11);
    replica.checkpoint();
    replica.crashAndReplay(random);
    assertThat(grant(3, 10)).isInstanceOf(Refused.class);
    assertThat(write(10, 1, 101, 1)).isInstanceOf(Fenced.class);
    assertThat(write(11, 1, 101, 1)).isEqualTo(new Done());
  }

  @Test
  void rule19ALateGrantOfADeletedVolumeIsRefusedAlsoWhenItsTombstoneIsForgotten()
      throws IOException {
    grant(1, 10);
    replica.apply(new PurgeVolume(Samples.TERM, Samples.VOLUME, 100));
    assertThat(grant(2, 11)).isInstanceOf(Refused.class);
    int sizeBefore = controlBytes();
    for (int other = 0; other < 1000; other++) {
      replica.apply(new PurgeVolume(Samples.TERM, new VolumeId(1000 + other), 101 + other));
    }
    assertThat(controlBytes()).isLessThan(sizeBefore + 4096);
    assertThat(grant(2, 11)).isInstanceOf(StaleGrant.class);
    assertThat(write(10, 1, 101, 1)).isInstanceOf(Fenced.class);
    assertThat(write(11, 1, 101, 1)).isInstanceOf(Fenced.class);

    Grant young = new Grant(new VolumeId(5000), 2, Set.of(new AttachmentId(20)), false);
    assertThat(replica.apply(new SetGrant(Samples.TERM, 500, young)))
        .isInstanceOf(StaleGrant.class);
    assertThat(replica.apply(new SetGrant(Samples.TERM, 1100, young))).isEqualTo(new Done());
  }

  @Test
  void rule19FencedAttachmentsTakeNoRoom() throws IOException {
    grant(1, 10);
    int sizeBefore = controlBytes();
    for (int id = 11; id < 2000; id++) {
      assertThat(grant(id, id)).isEqualTo(new Done());
    }
    assertThat(controlBytes()).isEqualTo(sizeBefore);
    assertThat(grant(5000, 10)).isInstanceOf(Refused.class);
    assertThat(grant(5000, 1500)).isInstanceOf(Refused.class);
  }

  @Test
  void rule20FencingOneOfThreeLeavesTheOthersAlone() {
    grant(1, 10, 11, 12);
    assertThat(
            replica.apply(
                new SetGrant(
                    Samples.TERM,
                    2,
                    new Grant(
                        Samples.VOLUME,
                        2,
                        Set.of(new AttachmentId(10), new AttachmentId(12)),
                        true))))
        .isEqualTo(new Done());
    assertThat(write(10, 1, 101, 1)).isEqualTo(new Done());
    assertThat(write(11, 1, 101, 2)).isInstanceOf(Fenced.class);
    assertThat(write(12, 1, 101, 3)).isEqualTo(new Done());
  }

  @Test
  void rule20AnExclusiveVolumeHasOneAttachment() {
    SetGrant two = Samples.grant(1, 10, 11);
    SetGrant exclusive =
        new SetGrant(Samples.TERM, 1, new Grant(Samples.VOLUME, 1, two.grant().admitted(), false));
    assertThat(replica.apply(exclusive)).isInstanceOf(Refused.class);
  }

  @Test
  void anOlderGrantIsRefusedAndTheSameOneIsNoError() {
    grant(5, 10);
    assertThat(grant(5, 10)).isEqualTo(new Done());
    assertThat(grant(5, 11)).isEqualTo(new StaleGrant(5));
    assertThat(grant(4, 10)).isEqualTo(new StaleGrant(5));
    assertThat(write(10, 1, 101, 1)).isEqualTo(new Done());
  }

  @Test
  void rule24ALowerMdsTermIsRefused() throws IOException {
    replica.apply(new SetGrant(new MdsTerm(9), 1, Samples.grant(1, 10).grant()));
    replica.checkpoint();
    replica.crashAndReplay(random);
    assertThat(replica.apply(Samples.grant(2, 11))).isEqualTo(new StaleTerm(new MdsTerm(9)));
    assertThat(replica.apply(new PurgeVolume(new MdsTerm(8), Samples.VOLUME, 50)))
        .isEqualTo(new StaleTerm(new MdsTerm(9)));
    assertThat(write(10, 1, 101, 1)).isEqualTo(new Done());
  }

  @Test
  void rule13ARetryIsAnsweredAndNotApplied() throws IOException {
    grant(1, 10);
    write(10, 1, 101, 1);
    write(10, 2, 101, 2);
    assertThat(write(10, 1, 101, 1)).isEqualTo(new Done());
    assertThat(replica.read(101, 0, 1)).isEqualTo(Samples.filled(1, 2).array());
    replica.checkpoint();
    replica.crashAndReplay(random);
    assertThat(write(10, 1, 101, 1)).isEqualTo(new Done());
    assertThat(replica.read(101, 0, 1)).isEqualTo(Samples.filled(1, 2).array());
  }

  @Test
  void rule13ALateDuplicateBelowTheMarkIsRefused() throws IOException {
    grant(1, 10);
    write(10, 1, 101, 1);
    Origin answeredTwo = new Origin(new RequestId(new AttachmentId(10), 3, 0), 3, 1);
    replica.apply(Samples.write(answeredTwo, Samples.chunk(101), 0, 1, 3));
    assertThat(write(10, 1, 101, 1)).isEqualTo(new AlreadyAnswered());
    assertThat(write(10, 2, 101, 2)).isEqualTo(new AlreadyAnswered());
    assertThat(replica.read(101, 0, 1)).isEqualTo(Samples.filled(1, 3).array());
  }

  @Test
  void rule17ADamagedPayloadIsNeverStoredAndMayBeSentAgain() throws IOException {
    grant(1, 10);
    Command.Write good = Samples.write(Samples.origin(10, 1), Samples.chunk(101), 0, 2, 1);
    ByteBuffer entry = CommandCodec.encode(good);
    entry.put(entry.capacity() - 5, (byte) 99);
    replica.log.add(entry);
    assertThat(replica.applyEntry(2)).isEqualTo(new DamagedPayload(1));
    assertThat(replica.store.slotsUsed()).isZero();
    assertThat(replica.apply(good)).isEqualTo(new Done());
    assertThat(replica.read(101, 0, 2)).isEqualTo(Samples.filled(2, 1).array());
  }

  @Test
  void anEntryThatIsNoCommandHalts() {
    replica.log.add(ByteBuffer.wrap(new byte[100]));
    assertThatThrownBy(() -> replica.applyEntry(1)).isInstanceOf(HaltingFaultHandler.Halted.class);
  }

  @Test
  void rule09ApplyWithoutAFreeSlotIsAnErrorAndSkipsNothing() {
    grant(1, 10);
    for (int i = 0; i < 4; i++) {
      write(10, i + 1, 101 + i, 1);
    }
    assertThatThrownBy(() -> write(10, 5, 105, 1))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE));
    assertThat(replica.machine.applied()).isEqualTo(new LogPosition(1, 5));
    assertThat(replica.machine.needsMove().orElseThrow()).contains("no free slot", "entry 6");
  }

  @Test
  void rule09WhoHadNoRoomForOneEntryAppliesNoneBehindIt() {
    grant(1, 10);
    for (int i = 0; i < 4; i++) {
      write(10, i + 1, 101 + i, 1);
    }
    assertThatThrownBy(() -> write(10, 5, 105, 1)).isInstanceOf(KurveException.class);
    Digest128 before = replica.machine.digest();
    LogPosition later = new LogPosition(1, 7);
    assertThatThrownBy(() -> write(10, 6, 101, 9)).isInstanceOf(KurveException.class);
    assertThatThrownBy(() -> replica.machine.advance(later, Replica.MEMBERS))
        .isInstanceOf(KurveException.class);
    assertThat(replica.machine.applied()).isEqualTo(new LogPosition(1, 5));
    assertThat(replica.machine.digest()).isEqualTo(before);
  }

  @Test
  void rule09ADroppedSlotIsReleasedWhenTheNextEntryNeedsIt() throws IOException {
    replica.apply(Samples.grant(1, 10));
    int slots = replica.store.slotCount();
    for (int n = 0; n < slots; n++) {
      write(10, n + 1, 101 + n, n);
    }
    replica.checkpoint();
    replica.crashAndReplay(random);
    replica.apply(
        new Discard(Samples.origin(10, 100), Samples.chunk(101), 0, Geometry.BLOCKS_PER_CHUNK));
    assertThat(write(10, 101, 200, 7)).isEqualTo(new CommandReply.Done());
    Digest128 before = replica.machine.digest();
    replica.crashAndReplay(random);
    assertThat(replica.machine.digest()).isEqualTo(before);
    assertThat(replica.read(102, 0, 1)).isEqualTo(Samples.filled(1, 1).array());
  }

  @Test
  void rule27ZeroesAndDiscardsReadAsZerosAndADiscardOfAllGivesTheSlotBack() throws IOException {
    grant(1, 10);
    replica.apply(Samples.write(Samples.origin(10, 1), Samples.chunk(101), 0, 4, 1));
    replica.apply(new WriteZeroes(Samples.origin(10, 2), Samples.chunk(101), 1, 1));
    replica.apply(new Discard(Samples.origin(10, 3), Samples.chunk(101), 2, 1));
    assertThat(replica.read(101, 1, 2)).isEqualTo(new byte[8192]);
    assertThat(replica.read(101, 0, 1)).isEqualTo(Samples.filled(1, 1).array());
    assertThat(replica.read(101, 3, 1)).isEqualTo(Samples.filled(1, 4).array());
    replica.apply(
        new Discard(Samples.origin(10, 4), Samples.chunk(101), 0, Geometry.BLOCKS_PER_CHUNK));
    assertThat(replica.read(101, 0, 4)).isEqualTo(new byte[4 * 4096]);
    assertThat(replica.machine.chunksOf(Samples.VOLUME)).isEmpty();
    assertThat(replica.store.slotsUsed()).isEqualTo(1);
    replica.checkpoint();
    replica.checkpoint();
    assertThat(replica.store.slotsUsed()).isZero();
  }

  @Test
  void rule06ADroppedSlotOutlivesTheCheckpointThatNamesIt() throws IOException {
    grant(1, 10);
    write(10, 1, 101, 1);
    replica.checkpoint();
    replica.apply(
        new Discard(Samples.origin(10, 2), Samples.chunk(101), 0, Geometry.BLOCKS_PER_CHUNK));
    // Others fill the store; their checkpoints must not hand the slot out.
    write(10, 3, 102, 2);
    write(10, 4, 103, 3);
    write(10, 5, 104, 4);
    replica.store.checkpoint(List.of(), Set.of());
    assertThatThrownBy(() -> write(10, 6, 105, 5)).isInstanceOf(KurveException.class);
    replica.log.removeLast();
    replica.crashAndReplay(random);
    assertThat(replica.read(101, 0, 1)).isEqualTo(new byte[4096]);
    assertThat(replica.read(102, 0, 1)).isEqualTo(Samples.filled(1, 2).array());
  }

  @Test
  void purgeFreesEverythingAndTheVolumeNeverComesBack() throws IOException {
    grant(1, 10);
    write(10, 1, 101, 1);
    write(10, 2, 102, 2);
    assertThat(replica.apply(new PurgeVolume(Samples.TERM, Samples.VOLUME, 50)))
        .isEqualTo(new Done());
    assertThat(replica.apply(new PurgeVolume(Samples.TERM, Samples.VOLUME, 50)))
        .isEqualTo(new Done());
    assertThat(replica.machine.chunksOf(Samples.VOLUME)).isEmpty();
    replica.checkpoint();
    replica.checkpoint();
    assertThat(replica.store.slotsUsed()).isZero();
    replica.crashAndReplay(random);
    assertThat(grant(60, 12)).isInstanceOf(Refused.class);
    assertThat(write(10, 3, 101, 1)).isInstanceOf(Fenced.class);
  }

  @Test
  void rule07ACheckpointWhoseChunkListIsNotTheSealedOneIsRefused() throws IOException {
    grant(1, 10);
    write(10, 1, 101, 1);
    replica.checkpoint();
    var control = replica.store.control();
    replica.store.checkpoint(
        List.of(
            new CopysetControl(
                control.copyset(),
                control.at(),
                control.membership(),
                false,
                List.of(),
                control.state())),
        Set.of());
    assertThatThrownBy(replica::start).hasMessageContaining("lists 0 chunks");
  }

  @Test
  void aChunkHasOnePlaceForEver() {
    grant(1, 10);
    write(10, 1, 101, 1);
    var elsewhere = new ChunkAddress(Samples.VOLUME, 55, Samples.chunk(101).chunk());
    assertThat(replica.apply(Samples.write(Samples.origin(10, 2), elsewhere, 0, 1, 2)))
        .isInstanceOf(Refused.class);
  }

  @Test
  void rule16ARepairMustMatchTheOwnTable() throws IOException {
    grant(1, 10);
    write(10, 1, 101, 1);
    replica.store.damage(replica.slot(101), 0);
    assertThatThrownBy(() -> replica.read(101, 0, 1)).isInstanceOf(IOException.class);
    ChunkBlocks blocks = replica.machine.blocks();
    assertThat(blocks.repair(Samples.chunk(101), 0, Samples.filled(1, 2))).isFalse();
    assertThat(blocks.checksum(Samples.chunk(101), 0))
        .hasValue(BlockChecksum.of(Samples.filled(1, 1)));
    assertThat(blocks.repair(Samples.chunk(101), 0, Samples.filled(1, 1))).isTrue();
    assertThat(replica.read(101, 0, 1)).isEqualTo(Samples.filled(1, 1).array());
  }

  @Test
  void rule16WithoutATableEntryTheAppliedPositionMustBeTheAgreedOne() throws IOException {
    grant(1, 10);
    write(10, 1, 101, 1);
    long agreed = replica.machine.applied().index();
    replica.store.damageEntry(replica.slot(101), 0);
    write(10, 2, 102, 1);
    ChunkBlocks blocks = replica.machine.blocks();
    assertThat(blocks.checksum(Samples.chunk(101), 0)).isEmpty();
    byte[] bytes = Samples.filled(1, 1).array();
    ByteBuffer copy = ByteBuffer.wrap(bytes);
    assertThat(blocks.repair(Samples.chunk(101), 0, copy)).isFalse();
    assertThat(blocks.replace(Samples.chunk(101), 0, copy, true, agreed)).isFalse();
    assertThat(blocks.replace(Samples.chunk(101), 0, copy, true, replica.machine.applied().index()))
        .isTrue();
    assertThat(replica.read(101, 0, 1)).isEqualTo(bytes);
  }
}
