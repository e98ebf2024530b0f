package io.kurve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.cli.config.ClusterFile;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.ExitCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.handshake.ClusterKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectionsTest {
  @TempDir Path folder = Path.of("/");

  private ErrorCode refusal(Path key) {
    ClusterFile file =
        new ClusterFile(
            List.of(new HostAndPort("127.0.0.1", 1)), new ClusterId(new UUID(1, 2)), key);
    try (GrpcConnections connections = new GrpcConnections()) {
      connections.cluster(file);
      throw new AssertionError("accepted " + key);
    } catch (KurveException refused) {
      assertThat(refused.text()).contains(key.toString());
      assertThat(refused.cure()).isNotEmpty();
      return refused.code();
    }
  }

  @Test
  void aKeyThatOthersCanReadOrThatIsNoneIsRefused() throws IOException {
    Path key = folder.resolve("cluster.key");
    assertThat(refusal(key)).isEqualTo(ErrorCode.NOT_FOUND);
    ClusterKey unused = ClusterKey.create(key);
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
    assertThat(refusal(key)).isEqualTo(ErrorCode.REFUSED);
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    Files.writeString(key, "no key");
    assertThat(refusal(key)).isEqualTo(ErrorCode.BAD_STORE);
    Path directory = Files.createDirectory(folder.resolve("directory"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    assertThat(refusal(directory)).isIn(ErrorCode.REFUSED, ErrorCode.BAD_STORE);
  }

  @Test
  void exitCodesAreThoseOfTheDocument() throws IOException {
    String document = Files.readString(Path.of("..", "..", "docs", "CLI.md"));
    for (ExitCode code : ExitCode.values()) {
      assertThat(document).contains("| " + code.number() + " | " + code.meaning() + " |");
    }
    for (ErrorCode code : ErrorCode.values()) {
      assertThat(ExitCode.of(code)).isNotIn(ExitCode.OK, ExitCode.FINDINGS);
    }
  }

  @Test
  void anAnswerThatDoesNotComeIsAnErrorThatNamesWhom() {
    assertThatThrownBy(() ->
            Connections.await(
                new java.util.concurrent.CompletableFuture<>(),
                java.time.Duration.ofMillis(20),
                "host-1"))
        .isInstanceOf(KurveException.class)
        .hasMessageContaining("host-1");
  }
}
