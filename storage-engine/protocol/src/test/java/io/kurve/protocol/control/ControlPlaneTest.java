package io.kurve.protocol.control;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.protocol.handshake.ClusterKey;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Role;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlPlaneTest {
  private static final HostAndPort ANY_PORT = new HostAndPort("127.0.0.1", 0);

  @TempDir Path folder = Path.of("/");
  private final List<AutoCloseable> open = new ArrayList<>();
  private final FakeControl fake = new FakeControl();
  private ClusterKey key;

  @BeforeEach
  void makeKey() {
    key = ClusterKey.create(folder.resolve("cluster.key"));
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable closeable : open.reversed()) {
      closeable.close();
    }
  }

  private <T extends AutoCloseable> T opened(T closeable) {
    open.add(closeable);
    return closeable;
  }

  private Identity identity(Role role) {
    return Identity.of(Samples.CLUSTER, key, role);
  }

  private HostAndPort mds() {
    return opened(ControlServer.start(ANY_PORT, identity(Role.MDS), fake.mds())).address();
  }

  private MdsClient client(Identity self, HostAndPort... addresses) {
    MdsClientConfig config =
        new MdsClientConfig(
            Duration.ofSeconds(20),
            Duration.ofSeconds(20),
            Duration.ofSeconds(20),
            Duration.ofMillis(10),
            Duration.ofMillis(50),
            "start it");
    return opened(new MdsClient(List.of(addresses), self, config));
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static KurveException failure(CompletionStage<?> stage) throws Exception {
    try {
      Object value = get(stage);
      throw new AssertionError("ended well: " + value);
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof KurveException known) {
        return known;
      }
      throw failed;
    }
  }

  private List<Object> last() {
    return fake.asked.getLast();
  }

  @Test
  void metadataAndVolumesGoThereAndBack() throws Exception {
    MdsClient client = client(identity(Role.CLIENT), mds());
    MetadataService metadata = client.metadata();
    assertThat(get(metadata.open("demo", "host-a", "r-1", AccessMode.SHARED)))
        .isEqualTo(Samples.OPENED);
    assertThat(last())
        .containsExactly("demo", "host-a", "r-1", AccessMode.SHARED, TakeOver.FROM_NOBODY);
    TakeOver takeOver = TakeOver.from(Set.of(Samples.ATTACHMENT_ID, new AttachmentId(7)));
    get(metadata.open("demo", "host-a", "r-1", AccessMode.EXCLUSIVE, takeOver));
    assertThat(last()).containsExactly("demo", "host-a", "r-1", AccessMode.EXCLUSIVE, takeOver);
    assertThat(get(metadata.renew("host-a", List.of(Samples.ATTACHMENT_ID))))
        .containsExactly(Samples.ATTACHMENT_ID);
    get(metadata.close("host-a", Samples.ATTACHMENT_ID));
    assertThat(last()).containsExactly("host-a", Samples.ATTACHMENT_ID);
    assertThat(get(metadata.segment(Samples.VOLUME_ID, Samples.ATTACHMENT_ID, 9, true)))
        .isEqualTo(Samples.MAPPING);
    assertThat(last()).containsExactly(Samples.VOLUME_ID, Samples.ATTACHMENT_ID, 9L, true);
    assertThat(get(metadata.placements(List.of(Samples.COPYSET.id()))))
        .containsExactly(Samples.PLACEMENT);
    assertThat(get(metadata.volume(Samples.VOLUME_ID))).isEqualTo(Samples.VOLUME);

    VolumeAdmin volumes = client(identity(Role.CLI), mds()).volumes();
    VolumeAdmin.NewVolume wanted = new VolumeAdmin.NewVolume("demo", 4L << 30, 4096, true);
    assertThat(get(volumes.create("r-2", wanted))).isEqualTo(Samples.VOLUME);
    assertThat(last()).containsExactly("r-2", wanted);
    assertThat(get(volumes.list())).containsExactly(Samples.USE);
    get(volumes.delete(Samples.VOLUME_ID, Optional.empty()));
    assertThat(last()).containsExactly(Samples.VOLUME_ID, Optional.empty());
    get(volumes.delete(Samples.VOLUME_ID, Optional.of(Duration.ZERO)));
    assertThat(last()).containsExactly(Samples.VOLUME_ID, Optional.of(Duration.ZERO));
    assertThat(get(volumes.undelete(Samples.VOLUME_ID, "back"))).isEqualTo(Samples.VOLUME);
    assertThat(last()).containsExactly(Samples.VOLUME_ID, "back");
    get(volumes.purge(Samples.VOLUME_ID));
    assertThat(last()).containsExactly(Samples.VOLUME_ID);
    assertThat(get(volumes.policy())).isEqualTo(Samples.POLICY);
    var change = new VolumeAdmin.PolicyChange(Optional.empty(), Optional.of(Duration.ofMinutes(5)));
    assertThat(get(volumes.changePolicy(change))).isEqualTo(change.of(Samples.POLICY));
    assertThat(last()).containsExactly(change);
    get(volumes.confirmClock());
    get(volumes.drain(Samples.REPLICA.chunkserver(), true));
    assertThat(last()).containsExactly(Samples.REPLICA.chunkserver(), true);
    get(volumes.fence(Samples.ATTACHMENT_ID));
    assertThat(last()).containsExactly(Samples.ATTACHMENT_ID);
  }

  @Test
  void failuresArriveWithCodeTextAndCure() throws Exception {
    VolumeAdmin volumes = client(identity(Role.CLI), mds()).volumes();
    KurveException missing = failure(volumes.info("nöne"));
    assertThat(missing.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(missing.text()).isEqualTo("volume 'nöne' does not exist");
    assertThat(missing.cure()).isEqualTo("kurve volume list — ü");
    assertThat(failure(volumes.resize("demo", 1)).code()).isEqualTo(ErrorCode.NO_SPACE);
  }

  @Test
  void chunkserversAndInspectionGoThereAndBack() throws Exception {
    MdsClient client = client(identity(Role.CHUNKSERVER), mds());
    ChunkserverRegistry registry = client.chunkservers();
    assertThat(get(registry.register(Samples.NEWCOMER)))
        .isEqualTo(
            new ChunkserverRegistry.Registration.Confirmed(
                Samples.REPLICA.chunkserver(), Duration.ofMillis(900)));
    assertThat(last()).containsExactly(Samples.NEWCOMER);
    assertThat(get(registry.heartbeat(Samples.REPORT))).isEqualTo(Samples.HEARTBEAT);
    assertThat(last()).containsExactly(Samples.REPORT);
    ClusterInspection inspection = client.inspection();
    assertThat(get(inspection.status())).isEqualTo(Samples.STATUS);
    assertThat(get(inspection.disks())).containsExactly(Samples.DISK);
    assertThat(get(inspection.copysets())).containsExactly(Samples.PLACEMENT);
  }

  private ChunkserverCommands commands(HostAndPort address) {
    return opened(
        new ChunkserverCommandsClient(
            replica -> Optional.of(address), identity(Role.MDS), Duration.ofSeconds(5)));
  }

  @Test
  void commandsReachTheStoreThatTheyNameAndNoOther() throws Exception {
    Identity store = Identity.ofStore(Samples.CLUSTER, key, Samples.STORE, new StoreGeneration(1));
    HostAndPort address =
        opened(ControlServer.start(ANY_PORT, store, new ChunkserverServices(fake.new Commands())))
            .address();
    ChunkserverCommands commands = commands(address);
    get(
        commands.createCopyset(
            Samples.REPLICA, Samples.AUTHORITY, Samples.COPYSET, Samples.MEMBERSHIP));
    assertThat(last())
        .containsExactly(Samples.REPLICA, Samples.AUTHORITY, Samples.COPYSET, Samples.MEMBERSHIP);
    get(commands.grant(Samples.REPLICA, Samples.AUTHORITY, Samples.COPYSET, Samples.GRANT));
    assertThat(last())
        .containsExactly(Samples.REPLICA, Samples.AUTHORITY, Samples.COPYSET, Samples.GRANT);
    get(
        commands.purgeVolume(
            Samples.REPLICA, Samples.AUTHORITY, Samples.COPYSET, Samples.VOLUME_ID, 55));
    assertThat(last()).contains(55L, Samples.VOLUME_ID);
    get(
        commands.changeMembership(
            Samples.REPLICA, Samples.AUTHORITY, Samples.COPYSET, Samples.MEMBERSHIP));
    assertThat(last())
        .containsExactly(Samples.REPLICA, Samples.AUTHORITY, Samples.COPYSET, Samples.MEMBERSHIP);
    get(commands.purgeReplica(Samples.REPLICA, Samples.AUTHORITY, Samples.COPYSET, 56));
    assertThat(last()).containsExactly(Samples.REPLICA, Samples.AUTHORITY, Samples.COPYSET, 56L);
    assertThat(get(commands.chunksOf(Samples.REPLICA, Samples.COPYSET, Samples.VOLUME_ID)))
        .containsExactly(4L, 5L);

    KurveException refused =
        failure(commands.chunksOf(Samples.OTHER, Samples.COPYSET, Samples.VOLUME_ID));
    assertThat(refused.code()).isEqualTo(ErrorCode.REFUSED);
    assertThat(refused.text())
        .contains(Samples.STORE.toString())
        .contains(Samples.OTHER.store().toString());
  }

  @Test
  void strangersAreRefusedWithBothValues() throws Exception {
    HostAndPort address = mds();
    ClusterId foreign = new ClusterId(new UUID(1, 2));
    KurveException otherCluster =
        failure(client(Identity.of(foreign, key, Role.CLI), address).inspection().status());
    assertThat(otherCluster.code()).isEqualTo(ErrorCode.REFUSED);
    assertThat(otherCluster.text())
        .contains(foreign.toString())
        .contains(Samples.CLUSTER.toString());
    ClusterKey otherKey = ClusterKey.create(folder.resolve("other.key"));
    KurveException wrongKey =
        failure(
            client(Identity.of(Samples.CLUSTER, otherKey, Role.CLI), address)
                .inspection()
                .status());
    assertThat(wrongKey.code()).isEqualTo(ErrorCode.REFUSED);
    assertThat(wrongKey.text()).contains(otherKey.fingerprint()).contains(key.fingerprint());
    assertThat(fake.asked).isEmpty();
  }

  @Test
  void nobodyCallsWhatIsNotForItsRole() throws Exception {
    HostAndPort mds = mds();
    MdsClient host = client(identity(Role.VOLUME_HOST), mds);
    assertThat(get(host.metadata().volume(Samples.VOLUME_ID))).isEqualTo(Samples.VOLUME);
    int before = fake.asked.size();
    KurveException asChunkserver = failure(host.chunkservers().register(Samples.NEWCOMER));
    assertThat(asChunkserver.code()).isEqualTo(ErrorCode.REFUSED);
    assertThat(asChunkserver.text()).contains("volume host").contains("ChunkserverRegistry");
    MdsClient person = client(identity(Role.CLI), mds);
    assertThat(failure(person.chunkservers().heartbeat(Samples.REPORT)).code())
        .isEqualTo(ErrorCode.REFUSED);
    MdsClient chunkserver = client(identity(Role.CHUNKSERVER), mds);
    assertThat(failure(chunkserver.volumes().delete(Samples.VOLUME_ID, Optional.empty())).code())
        .isEqualTo(ErrorCode.REFUSED);
    assertThat(failure(chunkserver.metadata().close("host-a", Samples.ATTACHMENT_ID)).code())
        .isEqualTo(ErrorCode.REFUSED);
    Identity store = Identity.ofStore(Samples.CLUSTER, key, Samples.STORE, new StoreGeneration(1));
    HostAndPort address =
        opened(ControlServer.start(ANY_PORT, store, new ChunkserverServices(fake.new Commands())))
            .address();
    for (Role role : List.of(Role.CLIENT, Role.VOLUME_HOST, Role.CLI, Role.CHUNKSERVER)) {
      ChunkserverCommands commands =
          opened(
              new ChunkserverCommandsClient(
                  replica -> Optional.of(address), identity(role), Duration.ofSeconds(5)));
      assertThat(
              failure(
                      commands.purgeVolume(
                          Samples.REPLICA,
                          Samples.AUTHORITY,
                          Samples.COPYSET,
                          Samples.VOLUME_ID,
                          1))
                  .code())
          .isEqualTo(ErrorCode.REFUSED);
    }
    assertThat(fake.asked).hasSize(before);
  }

  @Test
  void theClientGoesOnToAnMdsThatServes() throws Exception {
    // Bound, so that nobody else gets the port, and deaf.
    try (Socket deaf = new Socket()) {
      deaf.bind(new InetSocketAddress("127.0.0.1", 0));
      HostAndPort nobody = new HostAndPort("127.0.0.1", deaf.getLocalPort());
      assertThat(get(client(identity(Role.CLI), nobody, mds()).inspection().status()))
          .isEqualTo(Samples.STATUS);
      MdsClientConfig impatient =
          MdsClientConfig.defaults()
              .withCallTimeout(Duration.ofMillis(300))
              .withCureWhenAway("bring it up");
      MdsClient lost = opened(new MdsClient(List.of(nobody), identity(Role.CLI), impatient));
      KurveException failure = failure(lost.inspection().status());
      assertThat(failure.code()).isEqualTo(ErrorCode.UNAVAILABLE);
      assertThat(failure.text())
          .isEqualTo("the MDS " + nobody + " does not answer: nobody listens there");
      assertThat(failure.cure()).isEqualTo("bring it up");
    }
  }

  @Test
  void whatIsNoKurveServerIsCalledSo() throws Exception {
    try (ServerSocket web = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
      Thread server = Thread.ofVirtual().start(() -> answerAsAWebServer(web));
      HostAndPort address = new HostAndPort("127.0.0.1", web.getLocalPort());
      MdsClientConfig config =
          MdsClientConfig.defaults()
              .withAwayTimeout(Duration.ofMillis(1))
              .withCureWhenAway("bring it up");
      MdsClient lost = opened(new MdsClient(List.of(address), identity(Role.CLI), config));
      KurveException failure = failure(lost.inspection().status());
      assertThat(failure.code()).isEqualTo(ErrorCode.UNAVAILABLE);
      assertThat(failure.text()).startsWith("the MDS " + address + " is no Kurve server");
      assertThat(failure.cure()).startsWith("correct the address");
      web.close();
      server.join();
    }
  }

  private static void answerAsAWebServer(ServerSocket web) {
    try {
      while (true) {
        try (Socket asked = web.accept()) {
          asked.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(US_ASCII));
        }
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  /** With no time to wait for that, one try each is made. */
  @Test
  void whereNobodyListensNobodyWaitsForTheWholeTime() throws Exception {
    MdsClientConfig config =
        MdsClientConfig.defaults()
            .withCallTimeout(Duration.ofHours(1))
            .withAwayTimeout(Duration.ofMillis(1));
    try (Socket deaf = new Socket()) {
      deaf.bind(new InetSocketAddress("127.0.0.1", 0));
      HostAndPort nobody = new HostAndPort("127.0.0.1", deaf.getLocalPort());
      MdsClient lost = opened(new MdsClient(List.of(nobody, nobody), identity(Role.CLI), config));
      assertThat(failure(lost.inspection().status()).code()).isEqualTo(ErrorCode.UNAVAILABLE);
      MdsClient found = opened(new MdsClient(List.of(nobody, mds()), identity(Role.CLI), config));
      assertThat(get(found.inspection().status())).isEqualTo(Samples.STATUS);
    }
  }

  @Test
  void theClientAsksTheOneThatAStandbyNames() throws Exception {
    HostAndPort leader = mds();
    Standby first = new Standby(leader);
    Standby second = new Standby(leader);
    MdsClient client = client(identity(Role.CLI), standby(first), standby(second), mds(), leader);
    assertThat(get(client.inspection().leader())).isEqualTo(Samples.LEADER);
    assertThat(get(client.inspection().leader())).isEqualTo(Samples.LEADER);
    assertThat(first.asked).hasValue(1);
    assertThat(second.asked).hasValue(0);
  }

  /** It was stopped while it committed: asking the next one changes nothing that is done. */
  @Test
  void theClientAsksTheNextOneWhenOneCantTellWhetherItHasDoneIt() throws Exception {
    Standby stopped =
        new Standby(
            new KurveException(ErrorCode.UNKNOWN_OUTCOME, "its reign ended", "ask the leader"));
    MdsClient client = client(identity(Role.CLI), standby(stopped), mds());
    assertThat(get(client.inspection().leader())).isEqualTo(Samples.LEADER);
    assertThat(stopped.asked).hasValue(1);
  }

  @Test
  void aStandbySaysWhoLeadsAndThatItIsNotTheLeader() throws Exception {
    HostAndPort dead;
    try (ServerSocket closed = new ServerSocket(0)) {
      dead = new HostAndPort("127.0.0.1", closed.getLocalPort());
    }
    Duration time = Duration.ofSeconds(20);
    MdsClientConfig once =
        new MdsClientConfig(
            time, time, time, time.multipliedBy(9), time.multipliedBy(9), "start it");
    HostAndPort standby = standby(new Standby(dead));
    MdsClient client = opened(new MdsClient(List.of(standby), identity(Role.CLI), once));
    KurveException failure = failure(client.inspection().leader());
    assertThat(failure.code()).isEqualTo(ErrorCode.NOT_LEADER);
    assertThat(failure.leader()).contains(dead);
  }

  @Test
  void oneThatIsSilentDoesNotUseUpTheTimeOfTheOthers() throws Exception {
    // The kernel takes the connection, nobody answers: as with a process that is stopped.
    try (ServerSocket silent = new ServerSocket(0, 16, InetAddress.getLoopbackAddress())) {
      HostAndPort stopped = new HostAndPort("127.0.0.1", silent.getLocalPort());
      MdsClientConfig impatient =
          new MdsClientConfig(
              Duration.ofSeconds(20),
              Duration.ofMillis(500),
              Duration.ofSeconds(20),
              Duration.ofMillis(10),
              Duration.ofMillis(50),
              "start it");
      MdsClient client =
          opened(new MdsClient(List.of(stopped, mds()), identity(Role.CLI), impatient));
      assertThat(get(client.inspection().status())).isEqualTo(Samples.STATUS);
    }
  }

  private HostAndPort standby(Standby inspection) {
    MdsServices services =
        new MdsServices(fake.new Metadata(), fake.new Volumes(), fake.new Registry(), inspection);
    return opened(ControlServer.start(ANY_PORT, identity(Role.MDS), services)).address();
  }

  /** Answers nothing itself. */
  private static final class Standby implements ClusterInspection {
    final AtomicInteger asked = new AtomicInteger();
    private final KurveException answer;

    Standby(HostAndPort leader) {
      this(KurveException.notLeader("it stands by", "ask the leader", Optional.of(leader)));
    }

    Standby(KurveException answer) {
      this.answer = answer;
    }

    private <T> CompletionStage<T> refused() {
      asked.incrementAndGet();
      return CompletableFuture.failedFuture(answer);
    }

    @Override
    public CompletionStage<ClusterStatus> status() {
      return refused();
    }

    @Override
    public CompletionStage<List<DiskInfo>> disks() {
      return refused();
    }

    @Override
    public CompletionStage<List<CopysetPlacement>> copysets() {
      return refused();
    }

    @Override
    public CompletionStage<Leader> leader() {
      return refused();
    }
  }

  @Test
  void closingEndsACallThatIsUnderWay() throws Exception {
    try (Socket deaf = new Socket()) {
      deaf.bind(new InetSocketAddress("127.0.0.1", 0));
      MdsClient client =
          new MdsClient(
              List.of(new HostAndPort("127.0.0.1", deaf.getLocalPort())),
              identity(Role.CLI),
              MdsClientConfig.defaults().withCallTimeout(Duration.ofHours(1)));
      var call = client.inspection().status();
      client.close();
      assertThat(failure(call)).isNotNull();
    }
  }

  @Test
  void aRestartedServerGetsANewHandshake() throws Exception {
    ControlServer first = ControlServer.start(ANY_PORT, identity(Role.MDS), fake.mds());
    HostAndPort address = first.address();
    ClusterInspection inspection = client(identity(Role.CLI), address).inspection();
    assertThat(get(inspection.status())).isEqualTo(Samples.STATUS);
    first.close();
    opened(ControlServer.start(address, identity(Role.MDS), fake.mds()));
    assertThat(get(inspection.status())).isEqualTo(Samples.STATUS);
  }

  @Test
  void aServerThatWasAwayForLongIsFoundSoonAfterItIsBack() throws Exception {
    ControlServer first = ControlServer.start(ANY_PORT, identity(Role.MDS), fake.mds());
    HostAndPort address = first.address();
    MdsClientConfig impatient = MdsClientConfig.defaults().withCallTimeout(Duration.ofMillis(200));
    ClusterInspection inspection =
        opened(new MdsClient(List.of(address), identity(Role.CLI), impatient)).inspection();
    first.close();
    // gRPC by itself tries after pauses of 1, 1.6, 2.56 and 4.1 seconds, each a fifth more or less:
    // the third of them is over after 6.2 s, the fourth ends after 7.4 s or later.
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < Duration.ofMillis(6250).toNanos()) {
      assertThat(failure(inspection.status()).code())
          .isIn(ErrorCode.UNAVAILABLE, ErrorCode.UNKNOWN_OUTCOME);
    }
    opened(ControlServer.start(address, identity(Role.MDS), fake.mds()));
    long back = System.nanoTime();
    boolean answered = false;
    while (!answered) {
      assertThat(Duration.ofNanos(System.nanoTime() - back)).isLessThan(Duration.ofSeconds(1));
      CompletionStage<?> status = inspection.status();
      answered = status.handle((value, error) -> error == null).toCompletableFuture().get();
    }
  }

  @Test
  void aTakenPortIsNamed() {
    HostAndPort address = mds();
    assertThatThrownBy(() -> ControlServer.start(address, identity(Role.MDS), fake.mds()))
        .isInstanceOf(KurveException.class)
        .hasMessageContaining(address.toString())
        .hasMessageContaining("in use");
  }

  @Test
  void theVolumeHostServesOnASocketOfItsOwner() throws Exception {
    Path socket = folder.resolve("host.sock");
    ServerSocketChannel stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    stale.bind(UnixDomainSocketAddress.of(socket));
    stale.close();
    assertThat(socket).exists();
    Identity self = identity(Role.VOLUME_HOST);
    VolumeHostServices services = new VolumeHostServices(fake.new Host());
    opened(ControlServer.startOnSocket(socket, self, services));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
        .isEqualTo("rw-------");
    VolumeHostClient host =
        opened(new VolumeHostClient(socket, identity(Role.CLI), Duration.ofSeconds(5)));
    assertThat(get(host.attach("demo"))).isEqualTo(Samples.DEVICE);
    assertThat(last()).containsExactly("demo", Set.of());
    get(host.attach("demo", Set.of(Samples.ATTACHMENT_ID)));
    assertThat(last()).containsExactly("demo", Set.of(Samples.ATTACHMENT_ID));
    assertThat(get(host.list())).containsExactly(Samples.DEVICE);
    assertThat(get(host.info("demo"))).isEqualTo(Samples.DEVICE);
    assertThat(get(host.resize("demo"))).isEqualTo(Samples.DEVICE);
    get(host.detach("demo", true));
    assertThat(last()).containsExactly("demo", true);
    assertThatThrownBy(() -> ControlServer.startOnSocket(socket, self, services))
        .isInstanceOf(KurveException.class)
        .hasMessageContaining("another process");
  }
}
