package io.kurve.protocol.handshake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.kurve.core.failure.KurveException;
import io.kurve.protocol.v1.Challenge;
import io.kurve.testkit.golden.GoldenFile;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterKeyTest {
  @TempDir Path folder = Path.of("/");

  @Test
  void aKeyIsReadAsItWasMade() throws Exception {
    Path file = folder.resolve("cluster.key");
    ClusterKey made = ClusterKey.create(file);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(ClusterKey.load(file).fingerprint()).isEqualTo(made.fingerprint());
    assertThat(Files.readString(file)).doesNotContain(made.fingerprint());
    assertThatThrownBy(() -> ClusterKey.create(file))
        .isInstanceOf(KurveException.class)
        .hasMessageContaining("already there");
  }

  @Test
  void whatIsNoSafeKeyIsRefused() throws Exception {
    Path missing = folder.resolve("missing.key");
    assertThatThrownBy(() -> ClusterKey.load(missing))
        .isInstanceOf(KurveException.class)
        .hasMessageContaining("is not there");
    Path open = folder.resolve("open.key");
    ClusterKey made = ClusterKey.create(open);
    assertThat(made.fingerprint()).hasSize(8);
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(() -> ClusterKey.load(open))
        .isInstanceOf(KurveException.class)
        .hasMessageContaining("rw-r-----");
    for (String text : new String[] {"", "abcd", "x".repeat(64), "ab".repeat(33)}) {
      assertThatThrownBy(() -> ClusterKey.load(keyFile(text)))
          .isInstanceOf(KurveException.class)
          .hasMessageContaining("64 hex digits");
    }
  }

  private Path keyFile(String text) throws Exception {
    Path file = folder.resolve("given.key");
    Files.writeString(file, text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void proofsAreAsInVersion1() throws Exception {
    ClusterKey key = ClusterKey.load(keyFile("0123456789abcdef".repeat(4) + "\n"));
    Challenge challenge =
        Challenge.newBuilder()
            .setProtocolVersion(1)
            .setNonce(ByteString.copyFromUtf8("n".repeat(32)))
            .setProof(ByteString.copyFromUtf8("not part of it"))
            .build();
    Transcript transcript =
        new Transcript(key, "hello".getBytes(StandardCharsets.US_ASCII), challenge);
    ByteArrayOutputStream proofs = new ByteArrayOutputStream();
    proofs.writeBytes(transcript.serverProof());
    proofs.writeBytes(transcript.askerProof());
    proofs.writeBytes(transcript.sessionProof());
    proofs.writeBytes(key.fingerprint().getBytes(StandardCharsets.US_ASCII));
    new GoldenFile(ClusterKeyTest.class, "handshake-proofs-v1.hex")
        .assertWrites(proofs.toByteArray());
  }
}
