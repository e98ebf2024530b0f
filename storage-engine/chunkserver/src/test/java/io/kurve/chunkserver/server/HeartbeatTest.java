package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.FakeSlotStore;
import io.kurve.chunkserver.service.Copysets;
import io.kurve.chunkserver.service.ReadMode;
import io.kurve.chunkserver.service.ServiceLimits;
import io.kurve.chunkserver.service.ServiceMetrics;
import io.kurve.chunkserver.service.ServicePools;
import io.kurve.chunkserver.store.ChunkStore;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.StoreStart;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedStateMachine;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.log.FakeReplicatedLogs;
import io.kurve.testkit.log.ForwardedLogs;
import io.kurve.testkit.time.ManualEventLoop;
import io.kurve.testkit.time.SeededRandom;
import io.prometheus.client.CollectorRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class HeartbeatTest {
  private static final ReplicaId SELF =
      new ReplicaId(new ChunkserverId(1), new StoreId(new UUID(0, 1)));
  private static final ReplicaId OTHER =
      new ReplicaId(new ChunkserverId(2), new StoreId(new UUID(0, 2)));
  private static final CopysetKey FIRST = copyset(1);
  private static final CopysetKey SECOND = copyset(2);

  private static CopysetKey copyset(long id) {
    return new CopysetKey(new CopysetId(id), new CopysetGeneration(1));
  }

  /** Orders both copysets with each answer. */
  private static final class Mds implements ChunkserverRegistry {
    final List<ChunkserverReport> reports = new ArrayList<>();
    int port = 1;

    @Override
    public CompletionStage<Registration> register(Newcomer newcomer) {
      throw new UnsupportedOperationException("it is registered");
    }

    @Override
    public CompletionStage<HeartbeatReply> heartbeat(ChunkserverReport report) {
      reports.add(report);
      Map<CopysetKey, Membership> founding = new TreeMap<>();
      founding.put(FIRST, Membership.ofVoters(List.of(SELF)));
      founding.put(SECOND, Membership.ofVoters(List.of(SELF)));
      return CompletableFuture.completedStage(
          new HeartbeatReply(
              new Authority(new MdsTerm(1), 1, 1),
              founding,
              List.of(
                  new CopysetPlacement(
                      SECOND,
                      List.of(new CopysetPlacement.Member(OTHER, new HostAndPort("h", port))),
                      Optional.empty()))));
    }
  }

  /** Logs with no room for one group more, for a while. */
  private static final class CrampedLogs extends ForwardedLogs {
    private Optional<ErrorCode> refusal = Optional.empty();

    CrampedLogs() {
      super(new FakeReplicatedLogs());
    }

    @Override
    public <R> ReplicatedLog<R> open(
        CopysetKey copyset, Membership initial, ReplicatedStateMachine<R> stateMachine) {
      if (copyset.equals(FIRST) && refusal.isPresent()) {
        throw new KurveException(refusal.get(), "no room for " + copyset, "wait");
      }
      return super.open(copyset, initial, stateMachine);
    }
  }

  @Test
  void aCopysetThatCannotBeFoundedNowIsFoundedWithALaterBeat() throws Exception {
    VolatileDisk disk = new VolatileDisk("disk-1", 256L << 20, new SeededRandom(1));
    ChunkserverWorld.format(1, disk);
    CrampedLogs logs = new CrampedLogs();
    ManualEventLoop loop = new ManualEventLoop();
    FakeSlotStore slots = new FakeSlotStore(4);
    Copysets copysets =
        new Copysets(
            logs,
            new Copysets.Storage(slots, control -> {}, new HaltingFaultHandler(), "disk-1"),
            new Copysets.Peers(
                SELF,
                id -> {
                  throw new AssertionError("nobody is asked");
                },
                ReadMode.LEASE),
            () -> true,
            new ServicePools(loop, loop, (end, atMost) -> {}, loop::nanoTime),
            ServiceLimits.defaults(),
            new ServiceMetrics(new CollectorRegistry()));
    Mds mds = new Mds();
    List<ReplicaId> introduced = new ArrayList<>();
    try (ChunkStore store =
        ChunkStore.open(disk, ChunkserverWorld.CLUSTER, new HaltingFaultHandler())) {
      Heartbeat heartbeat =
          new Heartbeat(
              mds,
              new Reporter(
                  SELF,
                  new StoreStart(new StoreGeneration(1), 5),
                  slots,
                  logs::space,
                  Optional::empty,
                  copysets),
              new StoreMemory(store),
              new KnownAddresses(),
              copysets,
              introduced::add);
      for (ErrorCode code : List.of(ErrorCode.OVERLOAD, ErrorCode.NO_SPACE)) {
        logs.refusal = Optional.of(code);
        heartbeat.beat();
        assertThat(copysets.find(FIRST)).isEmpty();
        assertThat(copysets.find(SECOND)).isPresent();
      }
      logs.refusal = Optional.empty();
      heartbeat.beat();
      assertThat(copysets.find(FIRST)).isPresent();
      assertThat(mds.reports).hasSize(3);
      assertThat(introduced).as("once, however often it is named").containsExactly(OTHER);
      mds.port = 2;
      heartbeat.beat();
      assertThat(introduced).as("and where it is now").containsExactly(OTHER, OTHER);
    }
  }
}
