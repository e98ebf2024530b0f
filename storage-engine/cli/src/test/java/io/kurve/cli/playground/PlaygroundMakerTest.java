package io.kurve.cli.playground;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.cli.config.ClusterFile;
import io.kurve.cli.playground.PlaygroundMaker.Metadata;
import io.kurve.cli.playground.PlaygroundMaker.Wanted;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.TimeSpan;
import io.kurve.protocol.handshake.ClusterKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything is checked before anything is made; what a killed command left is gone on with. */
class PlaygroundMakerTest {
  private static final long MIB = 1 << 20;
  private static final Metadata USUAL = new Metadata(Optional.empty(), false);
  @TempDir Path parent = Path.of("/");

  private Layout layout() {
    return new Layout(parent.resolve("p"));
  }

  private static Wanted wanted(@Nullable Long size, @Nullable Long diskSize) {
    return new Wanted(
        Optional.ofNullable(size),
        Optional.ofNullable(diskSize),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        USUAL,
        Optional.empty());
  }

  private static Wanted shape(
      @Nullable Integer disks, @Nullable Integer hosts, @Nullable Integer basePort) {
    return new Wanted(
        Optional.of(64 * MIB),
        Optional.of(512 * MIB),
        Optional.ofNullable(disks),
        Optional.ofNullable(hosts),
        Optional.ofNullable(basePort),
        USUAL,
        Optional.empty());
  }

  private static Wanted mds(@Nullable Integer mds, boolean etcd) {
    return new Wanted(
        Optional.of(64 * MIB),
        Optional.of(512 * MIB),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        new Metadata(Optional.ofNullable(mds), etcd),
        Optional.empty());
  }

  private Settings make(Wanted wanted) throws IOException {
    return new PlaygroundMaker(layout(), line -> {}).findOrMake(wanted);
  }

  private String refused(ErrorCode code, Layout layout, Wanted wanted) {
    String[] text = new String[1];
    assertThatThrownBy(() -> new PlaygroundMaker(layout, line -> {}).findOrMake(wanted))
        .isInstanceOfSatisfying(
            KurveException.class,
            refused -> {
              assertThat(refused.code()).isEqualTo(code);
              assertThat(refused.cure()).isNotEmpty();
              text[0] = refused.text();
            });
    assertThat(Settings.file(layout.directory())).doesNotExist();
    return text[0];
  }

  @Test
  void whatCantBeIsRefusedAndNothingIsMade() {
    ErrorCode invalid = ErrorCode.INVALID_ARGUMENT;
    assertThat(refused(invalid, layout(), wanted(0L, null))).contains("--size is 0");
    assertThat(refused(invalid, layout(), wanted(1L << 60, null))).contains("--size");
    assertThat(refused(invalid, layout(), wanted(Long.MAX_VALUE, null))).contains("--size");
    assertThat(refused(invalid, layout(), wanted(null, MIB))).contains("--disk-size");
    assertThat(refused(invalid, layout(), wanted(null, 1L << 62))).contains("--disk-size");
    assertThat(refused(invalid, layout(), shape(2, null, null))).contains("--disks is 2");
    assertThat(refused(invalid, layout(), shape(-1, null, null))).contains("--disks is -1");
    assertThat(refused(invalid, layout(), shape(null, 0, null))).contains("--hosts is 0");
    assertThat(refused(invalid, layout(), shape(null, null, 80))).contains("--base-port");
    assertThat(refused(ErrorCode.NO_SPACE, layout(), wanted(null, 32L << 40))).contains("free");
    assertThat(layout().directory()).doesNotExist();
  }

  @Test
  void aVolumeThatTheDisksCannotHoldIsRefusedWithBothFigures() {
    assertThat(refused(ErrorCode.NO_SPACE, layout(), wanted(4096 * MIB, 512 * MIB)))
        .contains("4 GiB", "3 disks of 512 MiB", "384 MiB");
    assertThat(layout().directory()).doesNotExist();
  }

  @Test
  void withoutASizeSmallDisksGetAVolumeThatFits() throws IOException {
    Settings made = make(wanted(null, 512 * MIB));
    assertThat(made.volumeBytes()).isEqualTo(192 * MIB);
    assertThat(make(wanted(null, null))).isEqualTo(made);
  }

  @Test
  void theUsualDisksHoldTheUsualVolumeAndAMeasurement() throws IOException {
    long usual = 8192 * MIB;
    assertThat(PlaygroundMaker.capacity(new ByteSize(usual), 3).bytes()).isGreaterThan(5120 * MIB);
    Settings made = make(wanted(null, 5000 * MIB));
    long capacity = PlaygroundMaker.capacity(new ByteSize(5000 * MIB), 3).bytes();
    assertThat(capacity).isGreaterThan(4096 * MIB);
    assertThat(made.volumeBytes()).isBetween(capacity / 2, capacity - 1024 * MIB);
  }

  @Test
  void aPathTooLongForASocketIsRefusedAndNothingIsMade() {
    Layout deep = new Layout(parent.resolve("x".repeat(100)));
    assertThat(refused(ErrorCode.INVALID_ARGUMENT, deep, wanted(64 * MIB, 512 * MIB)))
        .contains("107");
    assertThat(deep.directory()).doesNotExist();
  }

  @Test
  void aBusyPortIsNamed() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();
      assertThat(refused(ErrorCode.IN_USE, layout(), shape(null, null, port)))
          .contains("port " + port);
    }
  }

  @Test
  void aStrangersFolderIsLeftAlone() throws IOException {
    Files.createDirectories(layout().directory());
    Path mine = Files.writeString(layout().directory().resolve("thesis"), "mine");
    assertThat(refused(ErrorCode.ALREADY_EXISTS, layout(), wanted(64 * MIB, 512 * MIB)))
        .contains("thesis");
    assertThat(Files.readString(mine)).isEqualTo("mine");
    assertThat(refused(ErrorCode.ALREADY_EXISTS, new Layout(mine), wanted(64 * MIB, 512 * MIB)))
        .contains("no folder");
  }

  @Test
  void anotherShapeIsRefusedWithBothValues() throws IOException {
    Settings made = make(wanted(64 * MIB, 512 * MIB));
    assertThat(make(wanted(64 * MIB, 512 * MIB))).isEqualTo(made);
    assertThat(
            make(
                new Wanted(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    USUAL,
                    Optional.empty())))
        .isEqualTo(made);
    assertThatThrownBy(() -> make(wanted(128 * MIB, 512 * MIB)))
        .hasMessageContaining("--size 64 MiB, not 128 MiB");
    assertThatThrownBy(() -> make(shape(4, 2, null)))
        .hasMessageContaining("--disks 3, not 4")
        .hasMessageContaining("--hosts 1, not 2");
    assertThatThrownBy(() -> make(mds(3, true)))
        .hasMessageContaining("--mds 1, not 3")
        .hasMessageContaining("no --etcd");
  }

  private static Wanted grace(String grace) {
    return new Wanted(
        Optional.of(64 * MIB),
        Optional.of(512 * MIB),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        USUAL,
        Optional.of(TimeSpan.parse(grace)));
  }

  @Test
  void theGracePeriodOfDisksIsKeptAndGivenToTheMds() throws IOException {
    assertThat(refused(ErrorCode.INVALID_ARGUMENT, layout(), grace("0"))).contains("--grace is 0s");
    Settings made = make(grace("20s"));
    assertThat(made.shape().graceSeconds()).isEqualTo(20);
    assertThat(make(mds(null, false))).isEqualTo(made);
    assertThatThrownBy(() -> make(grace("10m"))).hasMessageContaining("--grace 20s, not 10m");
    assertThat(new Roles(layout(), made).mds().getFirst().arguments()).contains("--grace", "20");
  }

  @Test
  void severalMdsNeedAnEtcdAndKeepIt() throws IOException {
    assertThat(refused(ErrorCode.INVALID_ARGUMENT, layout(), mds(3, false)))
        .contains("--mds 3 needs --etcd");
    assertThat(refused(ErrorCode.INVALID_ARGUMENT, layout(), mds(0, true))).contains("--mds is 0");
    Settings made = make(mds(3, true));
    assertThat(made.shape()).isEqualTo(new Settings.Shape(3, 1, 3, true, 600));
    assertThat(make(mds(3, true))).isEqualTo(made);
    assertThat(make(mds(null, false))).isEqualTo(made);
    assertThatThrownBy(() -> make(mds(1, false))).hasMessageContaining("--mds 3, not 1");
    assertThat(new Roles(layout(), made).all())
        .extracting(Roles.Spec::name)
        .containsExactly(
            "etcd-1",
            "mds-1",
            "mds-2",
            "mds-3",
            "chunkserver-1",
            "chunkserver-2",
            "chunkserver-3",
            "keeper-1",
            "host-1");
    assertThat(new Roles(layout(), made).all())
        .flatExtracting(Roles.Spec::address, Roles.Spec::metrics)
        .extracting(address -> ((HostAndPort) address).port())
        .allMatch(port -> port < made.basePort() + Roles.ports(made.shape()));
    PlaygroundMaker.complete(layout(), made);
    assertThat(ClusterFile.read(layout().clusterFile()).mds()).hasSize(3);
  }

  @Test
  void whatACommandThatWasKilledLeftIsGoneOnWith() throws IOException {
    Files.createDirectories(layout().directory());
    Files.writeString(Settings.unfinished(layout().directory()), "vers");
    Settings made = make(wanted(64 * MIB, 512 * MIB));
    Files.writeString(layout().keyFile().resolveSibling("cluster.key.new"), "12");
    PlaygroundMaker.complete(layout(), made);
    String key = ClusterKey.load(layout().keyFile()).fingerprint();
    Files.delete(layout().clusterFile());
    PlaygroundMaker.complete(layout(), made);
    assertThat(ClusterKey.load(layout().keyFile()).fingerprint()).isEqualTo(key);
    assertThat(ClusterFile.read(layout().clusterFile()).cluster()).isEqualTo(made.cluster());
  }

  @Test
  void aLostKeyIsNeverReplaced() throws IOException {
    Settings made = make(wanted(64 * MIB, 512 * MIB));
    PlaygroundMaker.complete(layout(), made);
    Files.createFile(layout().bornFile());
    Files.delete(layout().keyFile());
    assertThatThrownBy(() -> PlaygroundMaker.complete(layout(), made))
        .hasMessageContaining("is gone");
    assertThat(layout().keyFile()).doesNotExist();
  }

  @Test
  void whatIsHalfDestroyedIsOnlyDestroyed() throws IOException {
    Settings made = make(wanted(64 * MIB, 512 * MIB));
    PlaygroundMaker.complete(layout(), made);
    Files.createFile(layout().destroyingFile());
    assertThatThrownBy(() -> make(wanted(null, null))).hasMessageContaining("half destroyed");
    PlaygroundMaker.remove(layout());
    assertThat(layout().directory()).doesNotExist();
    Files.createDirectories(layout().directory());
    Files.createFile(layout().destroyingFile());
    assertThat(make(wanted(64 * MIB, 512 * MIB)).cluster()).isNotEqualTo(made.cluster());
    assertThat(layout().destroyingFile()).doesNotExist();
  }

  @Test
  void oneCommandChangesAPlaygroundAtATime() throws IOException {
    Files.createDirectories(layout().directory());
    try (PlaygroundLock _ = PlaygroundLock.take(layout())) {
      assertThatThrownBy(() -> PlaygroundLock.take(layout()))
          .hasMessageContaining("another playground command");
    }
    PlaygroundLock.take(layout()).close();
  }

  @Test
  void settingsThatCantBeReadAreNamed() throws IOException {
    Settings made = make(wanted(64 * MIB, 512 * MIB));
    assertThat(Settings.read(layout().directory())).contains(made);
    Path file = Settings.file(layout().directory());
    String good = Files.readString(file);
    for (String bad :
        new String[] {
          "",
          "version=2\n",
          good.replace("version=1", "version=3"),
          good.replace("disks=", "disk="),
          good.replace("=3", "=x")
        }) {
      Files.writeString(file, bad);
      assertThatThrownBy(() -> Settings.read(layout().directory()))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_STORE))
          .hasMessageContaining(file.toString());
    }
  }

  @Test
  void aPidThatIsAnothersByNowIsNobody() throws IOException {
    Layout layout = layout();
    ServerProcess process = new ServerProcess(layout, "mds-1");
    assertThat(process.find()).isEmpty();
    Files.createDirectories(layout.process("mds-1"));
    long self = ProcessHandle.current().pid();
    for (String note : new String[] {"", self + "\n", self + " 1\n", self + " ended\n"}) {
      Files.writeString(layout.pidFile("mds-1"), note);
      assertThat(process.find()).as(note).isEmpty();
    }
    Files.writeString(layout.pidFile("mds-1"), "no pid\n");
    assertThatThrownBy(process::find).hasMessageContaining(layout.pidFile("mds-1").toString());
  }

  @Test
  void whatIsMountedInsideIsNotRemoved() throws Exception {
    Layout layout = layout();
    Path inside = Files.createDirectories(layout.directory().resolve("inside"));
    Path other = Files.createDirectories(parent.resolve("other"));
    Path file = Files.writeString(other.resolve("file"), "theirs");
    run("mount", "--bind", other.toString(), inside.toString());
    try {
      assertThatThrownBy(() -> PlaygroundMaker.remove(layout))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE))
          .hasMessageContaining(inside.toString());
    } finally {
      run("umount", inside.toString());
    }
    PlaygroundMaker.remove(layout);
    assertThat(layout.directory()).doesNotExist();
    assertThat(file).hasContent("theirs");
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
  }
}
