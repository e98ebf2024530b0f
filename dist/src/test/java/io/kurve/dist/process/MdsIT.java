package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.kurve.cli.config.ClusterFile;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.protocol.control.MdsClient;
import io.kurve.protocol.control.MdsClientConfig;
import io.kurve.protocol.handshake.ClusterKey;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Role;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** Three MDS on an etcd: the leader dies, stops, hangs; etcd goes away; each test begins whole. */
@Tag("long")
@TestInstance(Lifecycle.PER_CLASS)
final class MdsIT {
  private static final Duration KILLED = Duration.ofSeconds(8);
  private static final Duration STOPPED = Duration.ofSeconds(2);
  private static final long SMALLEST = 16L << 20;

  private TestPlayground playground;
  private ClusterFile cluster;
  private MdsClient mds;

  @BeforeAll
  void make(@TempDir Path folder) throws Exception {
    playground =
        TestPlayground.up(folder, "--size", "2GiB", "--disk-size", "4GiB", "--mds", "3", "--etcd");
    cluster = ClusterFile.read(playground.directory().resolve("kurve.yaml"));
    mds = client(cluster.mds(), Duration.ofSeconds(10));
  }

  private MdsClient client(List<HostAndPort> addresses, Duration timeout) {
    Identity self = Identity.of(cluster.cluster(), ClusterKey.load(cluster.key()), Role.CLI);
    return new MdsClient(
        addresses,
        self,
        new MdsClientConfig(
            timeout,
            Duration.ofSeconds(4),
            timeout,
            Duration.ofMillis(20),
            Duration.ofMillis(100),
            "start it"));
  }

  @BeforeEach
  void awaitWhole() throws Exception {
    playground.upAgain();
    playground.awaitWhole();
  }

  @AfterAll
  void remove() throws Exception {
    mds.close();
    playground.close();
  }

  private static <T> T get(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }

  private JsonNode leader() throws Exception {
    List<JsonNode> leaders = new ArrayList<>();
    for (JsonNode process : playground.status().get("processes")) {
      assertThat(process.has("leader")).isEqualTo(process.get("role").asText().equals("mds"));
      if (process.path("leader").asBoolean()) {
        leaders.add(process);
      }
    }
    assertThat(leaders).hasSize(1);
    return leaders.getFirst();
  }

  private static ProcessHandle handle(JsonNode process) {
    return ProcessHandle.of(process.get("pid").asLong()).orElseThrow();
  }

  private Volume create(String name) {
    return get(
        mds.volumes()
            .create(UUID.randomUUID().toString(), new NewVolume(name, SMALLEST, 4096, false)));
  }

  /** From when it was asked to end until a change is made by the next leader. */
  private Duration timeToNextLeader(JsonNode leader, String volume, Runnable end) {
    long begin = System.nanoTime();
    end.run();
    create(volume);
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    assertThat(get(mds.inspection().leader()).address().toString())
        .isNotEqualTo(leader.get("address").asText());
    return took;
  }

  @Test
  void whenTheLeaderIsKilledUnderLoadTheNextOneServesWithinEightSeconds() throws Exception {
    JsonNode leader = leader();
    ProcessHandle process = handle(leader);
    Shell.Running fio = fio("--time_based", "--runtime=15", "--verify_backlog=512");
    Written written = new Written(playground.device());
    written.awaitProgress(Duration.ofSeconds(10));
    Duration took =
        timeToNextLeader(leader, "killed", () -> assertThat(process.destroyForcibly()).isTrue());
    System.out.println("leader killed: the next one serves after " + took.toMillis() + " ms");
    written.awaitProgress(Duration.ofSeconds(5));
    Shell.await(fio, Duration.ofMinutes(2)).ok();
    assertThat(took).isLessThan(KILLED);
  }

  @Test
  void whenTheLeaderIsStoppedTheNextOneServesWithinTwoSeconds() throws Exception {
    JsonNode leader = leader();
    ProcessHandle process = handle(leader);
    Duration took =
        timeToNextLeader(leader, "stopped", () -> assertThat(process.destroy()).isTrue());
    System.out.println("leader stopped: the next one serves after " + took.toMillis() + " ms");
    assertThat(took).isLessThan(STOPPED);
  }

  @Test
  void rule24And25ALeaderThatWasPausedPastItsLeaseAnswersAndChangesNothing() throws Exception {
    JsonNode leader = leader();
    ProcessHandle process = handle(leader);
    Volume deleted = create("deleted-meanwhile");
    HostAndPort address = HostAndPort.parse(leader.get("address").asText());
    try (MdsClient old = client(List.of(address), Duration.ofSeconds(20))) {
      Duration untilPaused = Duration.ZERO;
      assertThat(get(old.inspection().leader()).address()).isEqualTo(address);
      TestPlayground.signal(process, "STOP");
      List<CompletionStage<?>> stale = new ArrayList<>();
      try {
        stale.add(old.volumes().info("demo"));
        stale.add(old.volumes().create("stale", new NewVolume("stale", SMALLEST, 4096, false)));
        stale.add(old.volumes().resize("deleted-meanwhile", 2 * SMALLEST));
        untilPaused = timeToNextLeader(leader, "paused", () -> {});
        get(mds.volumes().delete(deleted.id(), Optional.of(Duration.ZERO)));
        // Longer than its lease, whatever the others did.
        awaitTime(Instant.now().plusSeconds(4));
      } finally {
        TestPlayground.signal(process, "CONT");
      }
      System.out.println(
          "leader paused: the next one serves after " + untilPaused.toMillis() + " ms");
      for (CompletionStage<?> answer : stale) {
        assertThatThrownBy(() -> get(answer))
            .isInstanceOf(CompletionException.class)
            .cause()
            .isInstanceOfSatisfying(
                KurveException.class,
                refused ->
                    assertThat(refused.code())
                        .isIn(ErrorCode.NOT_LEADER, ErrorCode.UNKNOWN_OUTCOME));
      }
    }
    assertThat(get(mds.volumes().list()))
        .filteredOn(use -> use.volume().state() == Volume.State.ACTIVE)
        .extracting(use -> use.volume().name())
        .contains("demo", "paused")
        .doesNotContain("stale", "deleted-meanwhile");
    assertThat(process.isAlive()).isTrue();
    playground.awaitHealth("ok", Duration.ofSeconds(30));
  }

  @Test
  void withoutEtcdWhatIsMappedIsServedAndTheRestWaits() throws Exception {
    Shell.run(Fio.verify(playground.device(), "64m")).ok();
    playground.kill9("etcd-1");
    Instant begin = Instant.now();
    Shell.run(Fio.verify(playground.device(), "64m")).ok();
    Shell.Running elsewhere =
        Shell.start(
            "dd",
            "if=/dev/zero",
            "of=" + playground.device(),
            "bs=1M",
            "seek=1500",
            "count=1",
            "oflag=direct",
            "conv=notrunc");
    awaitTime(begin.plusSeconds(6));
    assertThat(elsewhere.process().isAlive()).isTrue();
    Shell.run(Fio.verify(playground.device(), "16m")).ok();
    playground.upAgain();
    Shell.await(elsewhere, Duration.ofSeconds(30)).ok();
    create("after-etcd");
    Shell.run(Fio.verify(playground.device(), "64m")).ok();
  }

  @Test
  void whatWasAcknowledgedIsThereAfterAllWereKilled() throws Exception {
    create("before");
    Shell.run(Fio.verify(playground.device(), "32m", "--end_fsync=1")).ok();
    for (ProcessHandle process : playground.handles()) {
      TestPlayground.kill9(process);
    }
    playground.upAgain();
    playground.awaitHealth("ok", Duration.ofSeconds(60));
    Shell.run(Fio.verify(playground.device(), "32m", "--verify_only")).ok();
    assertThat(get(mds.volumes().info("before")).volume().sizeBytes()).isEqualTo(SMALLEST);
    playground.kurve("playground", "down").ok();
    playground.upAgain("--mds", "3", "--etcd");
    assertThat(leader()).isNotNull();
    assertThat(playground.kurve("playground", "up", "--yes", "--mds", "1").err())
        .contains("--mds 3, not 1");
  }

  private static void awaitTime(Instant end) throws Exception {
    Deadline.await(Duration.ofSeconds(20), "its time", () -> Instant.now().isAfter(end));
  }

  private Shell.Running fio(String... more) throws Exception {
    return Shell.start(Fio.verify(playground.device(), "64m", more));
  }
}
