package io.kurve.cli;

import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.VolumeHostService;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** Takes a volume's device away, and says what that did to whoever had it mounted. */
public final class Detaching {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private Detaching() {}

  /**
   * @param whom names the host when it does not answer
   */
  public static void detach(
      VolumeHostService host,
      String volume,
      boolean force,
      String whom,
      Consumer<String> progress) {
    List<String> mounts = force ? mounts(host, volume, whom, progress) : List.of();
    Connections.await(host.detach(volume, force), LIMIT, whom);
    for (String point : mounts) {
      progress.accept(
          "%s is still mounted at %s: all use of it ends with I/O errors from now on, and what was not synced is lost; umount %s"
              .formatted(volume, point, point));
    }
  }

  /** That it can't be told keeps nobody from taking the device away. */
  private static List<String> mounts(
      VolumeHostService host, String volume, String whom, Consumer<String> progress) {
    try {
      return Connections.await(host.list(), LIMIT, whom).stream()
          .filter(device -> device.volumeName().equals(volume))
          .flatMap(device -> device.mounts().stream())
          .toList();
    } catch (KurveException e) {
      progress.accept("whether " + volume + " is mounted can't be told: " + e.text());
      return List.of();
    }
  }
}
