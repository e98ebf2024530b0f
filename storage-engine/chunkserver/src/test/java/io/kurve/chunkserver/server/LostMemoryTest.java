package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Disks that are not, or not where, what they were. */
@Tag("slow")
@Timeout(180)
class LostMemoryTest {
  private static final CopysetKey COPYSET = Samples.COPYSET;

  /** More than three election timeouts. */
  private static final int BEATS = 50;

  @TempDir private Path folder;
  private ChunkserverWorld world;

  @BeforeEach
  void start() throws Exception {
    world = ChunkserverWorld.ofThree(folder, COPYSET);
    world.mds.expectLoss();
    write(1, 1);
    assertReads(1);
    awaitCaughtUp();
  }

  @AfterEach
  void stop() throws Exception {
    world.close();
  }

  private void write(long number, int value) {
    world.write(COPYSET, number, 101, 0, Samples.filled(1, value));
  }

  private void assertReads(int value) {
    world.assertReads(COPYSET, 101, 0, Samples.filled(1, value));
  }

  private void awaitCaughtUp() {
    ChunkserverWorld.await("all have the same", () -> world.mds.allCaughtUp(COPYSET));
  }

  private void stop(int n) throws IOException {
    world.stop(n);
    world.mds.forget(n);
  }

  /** Acknowledged by stores 1 and 3, while 2 is down; then those two stop. */
  private void writeWithoutSecond() throws Exception {
    stop(2);
    write(2, 2);
    assertReads(2);
    int beats = world.mds.beats(3);
    ChunkserverWorld.await("a report with the write", () -> world.mds.beats(3) > beats + 1);
    stop(3);
    stop(1);
  }

  private void assertNobodyLeads() {
    int begin = world.mds.beats(2);
    ChunkserverWorld.await(
        "time for elections",
        () -> {
          assertThat(world.mds.leader(COPYSET)).isEmpty();
          return world.mds.beats(2) > begin + BEATS;
        });
  }

  @Test
  void rule11ADiskRestoredFromAnOldCopyNeitherVotesNorLosesWhatWasAcknowledged() throws Exception {
    stop(3);
    Path copy = folder.resolve("copy");
    Files.copy(world.disk(3), copy);
    world.start(3);
    awaitCaughtUp();
    writeWithoutSecond();

    Files.move(copy, world.disk(3), StandardCopyOption.REPLACE_EXISTING);
    int reports = world.mds.beats(3);
    world.start(2);
    world.start(3);
    ChunkserverWorld.await("the old copy is refused", () -> world.mds.isRefused(3));
    assertNobodyLeads();
    world.start(1);
    assertReads(2);
    assertThat(world.mds.beats(3)).as("it never runs").isEqualTo(reports);
  }

  @Test
  void rule11AnEmptiedDiskIsNoMemberAndNothingAcknowledgedIsLost() throws Exception {
    writeWithoutSecond();
    Files.delete(world.disk(3));
    world.start(2);
    world.create(3, 13);
    ChunkserverWorld.await("the new store runs", () -> world.mds.beats(13) > 0);
    assertNobodyLeads();
    world.start(1);
    assertReads(2);
  }

  @Test
  void rule18TwoChunkserversThatSwapAddressesServeUnderTheirOwnNamesOnly() throws Exception {
    ReplicaId leader = world.mds.leader(COPYSET).orElseThrow();
    int one = ChunkserverWorld.number(leader);
    int other = one % 3 + 1;
    HostAndPort addressOfOne = world.mds.addressOf(one);
    HostAndPort addressOfOther = world.mds.addressOf(other);
    stop(one);
    stop(other);
    world.start(one, FileDisk.open(world.disk(one)), addressOfOther.port());
    world.start(other, FileDisk.open(world.disk(other)), addressOfOne.port());
    write(2, 2);
    assertThat(
            world.askAt(
                addressOfOne,
                leader,
                COPYSET,
                3,
                Samples.chunk(101),
                new DataRequest.Read(0, Geometry.BLOCK_BYTES)))
        .isInstanceOfSatisfying(
            DataReply.Failed.class,
            failed -> assertThat(failed.code()).isEqualTo(ErrorCode.REFUSED));
    assertReads(2);
    awaitCaughtUp();
    stop(6 - one - other);
    assertReads(2);
  }
}
