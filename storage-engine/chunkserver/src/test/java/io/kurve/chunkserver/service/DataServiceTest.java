package io.kurve.chunkserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Command.SetGrant;
import io.kurve.chunkserver.copyset.Samples;
import io.kurve.chunkserver.service.ServiceWorld.Answer;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class DataServiceTest {
  private final ServiceWorld world = new ServiceWorld().ready(10);

  private static DataRequest request(
      ClusterId cluster, StoreId store, CopysetKey copyset, DataRequest.Operation operation) {
    return new DataRequest(
        new DataRequest.Context(
            cluster, store, copyset, ServiceWorld.id(1), 1, 1, Duration.ofSeconds(1)),
        Samples.chunk(101),
        operation);
  }

  @Test
  void aWriteIsAnsweredWhenItIsAppliedAndThenRead() {
    Answer write = world.write(1, 101, 3, 7);
    assertThat(write.pending()).isTrue();
    world.log.applyAll();
    assertThat(write.get()).isEqualTo(new DataReply.Done());
    DataReply.Data read = (DataReply.Data) world.read(101, 3).get();
    assertThat(read.data()).isEqualTo(Samples.filled(1, 7));
    assertThat(read.checksums()).containsExactly(ServiceWorld.crc(7));
    assertThat(((DataReply.Data) world.read(102, 0).get()).data())
        .isEqualTo(ByteBuffer.allocate(4096));
  }

  @Test
  void rule18MessagesForAnotherClusterStoreOrGenerationAreRefused() {
    DataRequest.Write write = ServiceWorld.write(0, 1, Optional.empty());
    StoreId store = ServiceWorld.SELF.store();
    ClusterId otherCluster = new ClusterId(new UUID(9, 9));
    CopysetKey oldGeneration = new CopysetKey(Samples.COPYSET.id(), new CopysetGeneration(2));
    assertThat(world.send(request(otherCluster, store, Samples.COPYSET, write)).code())
        .isEqualTo("REFUSED");
    assertThat(
            world
                .send(
                    request(
                        ServiceWorld.CLUSTER, new StoreId(new UUID(7, 7)), Samples.COPYSET, write))
                .code())
        .isEqualTo("REFUSED");
    assertThat(world.send(request(ServiceWorld.CLUSTER, store, oldGeneration, write)).code())
        .isEqualTo("REFUSED");
    assertThat(world.log.waiting()).isZero();
  }

  @Test
  void nonsenseIsRefused() {
    for (DataRequest.Operation operation :
        List.of(
            new DataRequest.Read(1, 4096),
            new DataRequest.Read(0, 0),
            new DataRequest.Read(0, -4096),
            new DataRequest.Read(-4096, 4096),
            new DataRequest.Read(16 << 20, 4096),
            new DataRequest.Read(0, 2 << 20),
            new DataRequest.WriteZeroes(4096, 16 << 20),
            new DataRequest.Write(0, Samples.filled(2, 1), new int[1], Optional.empty()),
            new DataRequest.Write(0, Samples.filled(2, 1), new int[2], Optional.of(1)))) {
      assertThat(world.send(ServiceWorld.id(1), 101, operation).code())
          .as("%s", operation)
          .isEqualTo("INVALID_ARGUMENT");
    }
  }

  @Test
  void rule19ReadsAndWritesOfOthersAreFenced() {
    RequestId stranger = new RequestId(new AttachmentId(11), 1, 0);
    assertThat(world.send(stranger, 101, ServiceWorld.write(0, 1, Optional.empty())).code())
        .isEqualTo("FENCED");
    Answer read = world.send(stranger, 101, new DataRequest.Read(0, 4096));
    world.loop.runUntilIdle();
    assertThat(read.code()).isEqualTo("FENCED");
  }

  @Test
  void rule19ADeposedLeaderDoesNotTellTheNewAttachmentThatItIsFenced() {
    world.log.loseLease();
    RequestId newcomer = new RequestId(new AttachmentId(11), 1, 0);
    assertThat(world.send(newcomer, 101, ServiceWorld.write(0, 1, Optional.empty())).code())
        .isEqualTo("NOT_LEADER");
    assertThat(world.read(101, 0).code()).isEqualTo("NOT_LEADER");
  }

  @Test
  void aFollowerNamesTheLeader() {
    world.log.follow(Optional.of(ServiceWorld.SECOND));
    assertThat(world.write(1, 101, 0, 1).get())
        .isInstanceOfSatisfying(
            DataReply.Failed.class,
            failed -> assertThat(failed.leader()).contains(ServiceWorld.SECOND));
    assertThat(world.read(101, 0).code()).isEqualTo("NOT_LEADER");
  }

  @Test
  void rule13AnUnknownOutcomeIsSaidAndARetryHappensOnce() {
    Answer first = world.write(1, 101, 0, 1);
    world.log.follow(Optional.empty());
    assertThat(first.code()).isEqualTo("UNKNOWN_OUTCOME");
    world.log.applyInDoubt();
    world.log.lead();
    Answer newer = world.write(2, 101, 0, 2);
    world.log.applyAll();
    assertThat(newer.get()).isEqualTo(new DataReply.Done());
    assertThat(world.write(1, 101, 0, 1).get()).isEqualTo(new DataReply.Done());
    assertThat(((DataReply.Data) world.read(101, 0).get()).data()).isEqualTo(Samples.filled(1, 2));
  }

  @Test
  void aRejectedProposalIsAnsweredByItsReason() {
    Answer first = world.write(1, 101, 0, 1);
    world.log.rejectNext(Proposal.Reason.OVERLOAD);
    Answer second = world.write(2, 101, 0, 1);
    world.log.rejectNext(Proposal.Reason.NOT_LEADER);
    assertThat(first.code()).isEqualTo("OVERLOAD");
    assertThat(second.code()).isEqualTo("NOT_LEADER");
  }

  @Test
  void rule09AFullLogSaysOverloadBeforeItAppends() {
    world.logs.space(new LogSpace(95, 100));
    assertThat(world.write(1, 101, 0, 1).code()).isEqualTo("OVERLOAD");
    assertThat(world.log.waiting()).isZero();
  }

  @Test
  void rule09FirstWritesOfOneChunkShareItsSlot() {
    for (int number = 1; number <= 40; number++) {
      assertThat(world.write(number, 101, number, 1).pending()).isTrue();
    }
    assertThat(world.write(41, 102, 0, 1).pending()).isTrue();
    world.log.applyAll();
    for (int chunk = 103; chunk < 115; chunk++) {
      assertThat(world.write(chunk, chunk, 0, 1).pending()).isTrue();
    }
    assertThat(world.write(200, 120, 0, 1).code()).isEqualTo("NO_SPACE");
  }

  @Test
  void rule09TheLastSlotsAreForNoFirstWrite() {
    for (int chunk = 0; chunk < 14; chunk++) {
      assertThat(world.write(chunk + 1, 101 + chunk, 0, 1).pending()).isTrue();
    }
    assertThat(world.write(20, 120, 0, 1).code()).isEqualTo("NO_SPACE");
    world.log.applyAll();
    assertThat(world.write(21, 121, 0, 1).code()).isEqualTo("NO_SPACE");
    Answer overwrite = world.write(22, 101, 0, 2);
    world.log.applyAll();
    assertThat(overwrite.get()).isEqualTo(new DataReply.Done());
  }

  @Test
  void moreRequestsThanTheLimitAreOverload() {
    ServiceWorld small =
        new ServiceWorld(new ServiceLimits(2, 1 << 20, 90, 4, Duration.ofMillis(100))).ready(10);
    Answer one = small.write(1, 101, 0, 1);
    Answer two = small.write(2, 101, 1, 1);
    assertThat(small.write(3, 101, 2, 1).code()).isEqualTo("OVERLOAD");
    small.log.applyAll();
    assertThat(one.get()).isEqualTo(new DataReply.Done());
    assertThat(two.get()).isEqualTo(new DataReply.Done());
    assertThat(small.write(3, 101, 2, 1).pending()).isTrue();
  }

  @Test
  void rule24ACommandOfALowerTermIsRefused() {
    Authority later = new Authority(new MdsTerm(9), 9, 9);
    SetGrant grant = Samples.grant(2, 10);
    CompletionStage<Void> granted =
        world.commands.grant(ServiceWorld.SELF, later, Samples.COPYSET, grant.grant());
    world.log.applyAll();
    assertThat(granted.toCompletableFuture()).isCompleted();
    CompletionStage<Void> deposed =
        world.commands.purgeVolume(
            ServiceWorld.SELF,
            new Authority(new MdsTerm(8), 9, 9),
            Samples.COPYSET,
            Samples.VOLUME,
            7);
    assertThat(deposed.toCompletableFuture()).isCompletedExceptionally();
    assertThat(world.log.waiting()).isZero();
  }

  @Test
  void anOverloadDoesNotFloodTheLog() {
    for (int n = 1; n <= 200; n++) {
      var unused = world.write(n, 101, n, 1);
    }
    world.loop.advance(Duration.ofMillis(150));
    try (LogLines lines = LogLines.ofSlowRequests()) {
      world.log.applyAll();
      assertThat(lines.all()).hasSize(100);
      world.loop.advance(Duration.ofSeconds(11));
      var unused = world.write(201, 101, 1, 1);
      world.loop.advance(Duration.ofMillis(150));
      world.log.applyAll();
      assertThat(lines.all()).hasSize(101);
      assertThat(lines.all().getLast()).contains("10.201.0", "100 more");
    }
  }

  @Test
  void whatWaitedLongerThanItsSenderIsDroppedBeforeAnyWork() {
    Answer first = world.write(1, 101, 0, 1);
    Answer behind = world.compareAndWrite(2, 0, 2, ServiceWorld.crc(1));
    world.loop.advance(Duration.ofSeconds(6));
    Answer read =
        world.send(ServiceWorld.id(9999), 101, new DataRequest.Read(0, 4096), Duration.ZERO);
    world.log.applyAll();
    world.loop.runUntilIdle();
    assertThat(first.get()).as("it was proposed in time").isEqualTo(new DataReply.Done());
    assertThat(behind.code()).isEqualTo("DEADLINE_EXCEEDED");
    assertThat(read.code()).isEqualTo("DEADLINE_EXCEEDED");
    assertThat(world.log.waiting()).isZero();
    assertThat(((DataReply.Data) world.read(101, 0).get()).checksums())
        .containsExactly(ServiceWorld.crc(1));
    Answer again = world.compareAndWrite(3, 0, 2, ServiceWorld.crc(1));
    world.loop.runUntilIdle();
    world.log.applyAll();
    assertThat(again.get()).isEqualTo(new DataReply.Done());
  }

  @Test
  void slowRequestsAreCountedAndLoggedWithTheirId() {
    Answer write = world.write(1, 101, 0, 1);
    world.loop.advance(Duration.ofMillis(150));
    try (LogLines lines = LogLines.ofSlowRequests()) {
      world.log.applyAll();
      assertThat(lines.all())
          .singleElement()
          .asString()
          .contains("10.1.0", Samples.COPYSET.toString(), "done after 150 ms");
    }
    assertThat(write.get()).isEqualTo(new DataReply.Done());
    assertThat(world.metric("kurve_chunkserver_slow_requests_total")).isEqualTo(1);
    assertThat(world.metric("kurve_chunkserver_stage_seconds_sum", "stage", "replicate"))
        .isGreaterThanOrEqualTo(0.15);
  }
}
