package io.kurve.cli.playground;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.id.ClusterId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a process of a removed playground ends. */
class FolderWatchTest {
  @TempDir Path folder = Path.of("/");
  private Path settings = Path.of("/");
  private Optional<String> need = Optional.empty();
  private boolean failing;
  private int ends;
  private FolderWatch watch =
      new FolderWatch(settings, () -> Files.notExists(settings), this::need, () -> ends++);

  private Optional<String> need() throws IOException {
    if (failing) {
      throw new IOException("no /proc");
    }
    return need;
  }

  @BeforeEach
  void make() throws IOException {
    settings = Files.createFile(Settings.file(folder));
    watch = new FolderWatch(settings, () -> Files.notExists(settings), this::need, () -> ends++);
  }

  @Test
  void itEndsOnceTheSettingsAreGoneForTwoLooks() throws IOException {
    assertThat(watch.look()).isFalse();
    Files.delete(settings);
    assertThat(watch.look()).isFalse();
    Files.createFile(settings);
    assertThat(watch.look()).as("they are back").isFalse();
    Files.delete(settings);
    assertThat(watch.look()).isFalse();
    assertThat(ends).isZero();
    assertThat(watch.look()).isTrue();
    assertThat(ends).isOne();
  }

  @Test
  void itServesOnWhileItIsNeededOrCannotTell() throws IOException {
    need = Optional.of("/dev/loop7 is mounted at /mnt");
    Files.delete(settings);
    for (int i = 0; i < 5; i++) {
      assertThat(watch.look()).isFalse();
    }
    failing = true;
    assertThat(watch.look()).isFalse();
    failing = false;
    need = Optional.empty();
    assertThat(watch.look()).isTrue();
    assertThat(ends).isOne();
  }

  @Test
  void anotherPlaygroundInTheSameFolderIsNotItsOwn() throws IOException {
    ClusterId own = new ClusterId(new UUID(1, 1));
    settings(own).write(folder);
    assertThat(FolderWatch.isGone(folder, Optional.of(own))).isFalse();
    settings(new ClusterId(new UUID(2, 2))).write(folder);
    assertThat(FolderWatch.isGone(folder, Optional.of(own))).isTrue();
    Files.writeString(settings, "version=");
    assertThat(FolderWatch.isGone(folder, Optional.of(own))).as("broken").isFalse();
    Files.delete(settings);
    assertThat(FolderWatch.isGone(folder, Optional.of(own))).isTrue();
  }

  private static Settings settings(ClusterId cluster) {
    return new Settings(
        cluster, 1 << 24, 1 << 30, new Settings.Shape(3, 1, 1, false, 600), 16, 30_000);
  }
}
