package io.kurve.blockdev.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.blockdev.posix.Posix;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.control.ControlServer;
import io.kurve.protocol.control.VolumeHostClient;
import io.kurve.protocol.handshake.ClusterKey;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Role;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class VolumeHostProcessTest {
  private static final String CLUSTER = "00000000-0000-0000-0000-000000000001";

  private static final ClusterId CLUSTER_ID = ClusterId.parse(CLUSTER);

  @TempDir Path directory;

  @Test
  void servesItsApiWithoutAnMdsAndStopsWithoutATrace() throws Exception {
    ClusterKey key = ClusterKey.create(directory.resolve("key"));
    VolumeHostArguments arguments = arguments();
    Identity caller = Identity.of(arguments.clusterId(), key, Role.CLI);
    VolumeHostProcess process = start(arguments);
    try (VolumeHostClient client =
        new VolumeHostClient(arguments.places().socket(), caller, Duration.ofSeconds(10))) {
      assertThat(arguments.readyFile()).content().startsWith("127.0.0.1:");
      assertThat(HostFixture.await(client.list())).isEmpty();
      assertThatThrownBy(() -> HostFixture.await(client.detach("demo", true)))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
      assertThatThrownBy(() -> start(arguments)).hasMessageContaining("another volume host runs");
    } finally {
      process.close();
    }
    assertThat(arguments.readyFile()).doesNotExist();
    start(arguments).close();
  }

  @Test
  void attachmentsOfAnotherClusterAreNotGivenUpHere() throws Exception {
    var unused = ClusterKey.create(directory.resolve("key"));
    Path theirs = directory.resolve("run/mounts/attachment-5");
    Files.createDirectories(theirs);
    Path note = Files.createDirectories(directory.resolve("run/opening")).resolve("id");
    Files.writeString(note, "demo\n");
    Path cluster = directory.resolve("run/cluster");
    Files.writeString(cluster, "00000000-0000-0000-0000-000000000002\n");

    start(arguments()).close();

    assertThat(theirs).doesNotExist();
    assertThat(note).doesNotExist();
    assertThat(cluster).hasContent(CLUSTER);
  }

  @Test
  void aKilledHostsOpenThatItHeardNothingOfIsGivenUp() throws Exception {
    ClusterKey key = ClusterKey.create(directory.resolve("key"));
    OneVolumeMds volumes = new OneVolumeMds();
    try (ControlServer mds = volumes.serve(Identity.of(CLUSTER_ID, key, Role.MDS))) {
      String[] arguments = commandLine(mds.address());
      killBeforeItHears(arguments, Identity.of(CLUSTER_ID, key, Role.CLI), volumes);
      assertThat(volumes.holders()).hasSize(1);

      start(VolumeHostArguments.parse(arguments)).close();

      assertThat(volumes.holders()).isEmpty();
      assertThat(directory.resolve("run/opening")).isEmptyDirectory();
    }
  }

  /** The MDS has decided, and the answer never arrives. */
  private void killBeforeItHears(String[] arguments, Identity caller, OneVolumeMds volumes)
      throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                VolumeHostMain.class.getName()));
    command.addAll(List.of(arguments));
    Process host = new ProcessBuilder(command).inheritIO().start();
    try {
      HostFixture.awaitTrue("it serves", () -> Files.exists(directory.resolve("ready")));
      try (VolumeHostClient client =
          new VolumeHostClient(directory.resolve("socket"), caller, Duration.ofSeconds(10))) {
        var unused = client.attach("demo");
        HostFixture.awaitTrue("the MDS has decided", () -> !volumes.holders().isEmpty());
      }
    } finally {
      host.destroyForcibly();
      assertThat(host.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aFileInThePlaceOfTheSocketIsLeftAlone() throws Exception {
    var unused = ClusterKey.create(directory.resolve("key"));
    Path file = Files.writeString(directory.resolve("socket"), "mine");

    assertThatThrownBy(() -> start(arguments())).hasMessageContaining("is no socket");

    assertThat(file).hasContent("mine");
  }

  @Test
  void aMissingKeyIsOneClearLine() {
    assertThatThrownBy(() -> start(arguments())).hasMessageContaining("key");
    assertThat(Files.exists(directory.resolve("ready"))).isFalse();
  }

  private static VolumeHostProcess start(VolumeHostArguments arguments) throws Exception {
    return VolumeHostProcess.start(
        arguments, new Posix(), (what, cause) -> new AssertionError(what, cause));
  }

  private VolumeHostArguments arguments() {
    return VolumeHostArguments.parse(commandLine(new HostAndPort("127.0.0.1", 1)));
  }

  private String[] commandLine(HostAndPort mds) {
    return new String[] {
      "--mds", mds.toString(),
      "--cluster-id", CLUSTER,
      "--key-file", directory.resolve("key").toString(),
      "--host", "h1",
      "--run-dir", directory.resolve("run").toString(),
      "--socket", directory.resolve("socket").toString(),
      "--link-dir", directory.resolve("links").toString(),
      "--metrics", "127.0.0.1:0",
      "--ready-file", directory.resolve("ready").toString()
    };
  }
}
