package io.kurve.blockdev.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.blockdev.posix.Posix;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceLinksTest {
  private static final Path UNBOUND = Path.of("/dev/loop4001");

  @TempDir Path directory = Path.of("/");

  private DeviceLinks links() {
    return new DeviceLinks(
        directory, directory.resolve("mounts"), file -> false, new DeadDevices(new Posix()));
  }

  @Test
  void aLinkThatACrashLeftIsReplaced() throws Exception {
    Path link = Files.createSymbolicLink(directory.resolve("demo"), Path.of("/dev/loop4000"));
    assertThat(links().create("demo", UNBOUND)).isEqualTo(link);
    assertThat(Files.readSymbolicLink(link)).isEqualTo(UNBOUND);
  }

  @Test
  void aPersonsLinkIsNotReplaced() throws Exception {
    Path theirs = Files.writeString(directory.resolve("file"), "theirs");
    Path link = Files.createSymbolicLink(directory.resolve("demo"), theirs);
    assertThatThrownBy(() -> links().create("demo", UNBOUND))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS))
        .hasMessageContaining(theirs.toString());
    assertThat(Files.readSymbolicLink(link)).isEqualTo(theirs);
  }

  @Test
  void aLinkThatLeadsElsewhereByNowStays() throws Exception {
    Path link = Files.createSymbolicLink(directory.resolve("demo"), UNBOUND);
    links().remove(link, Path.of("/dev/loop4000"));
    assertThat(link).isSymbolicLink();
    links().remove(link, UNBOUND);
    assertThat(link).doesNotExist();
  }
}
