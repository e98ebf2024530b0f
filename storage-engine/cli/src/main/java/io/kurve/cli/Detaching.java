package io.kurve.cli;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumeHostService;
import io.kurve.core.unit.Moment;
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

  /** The refusal of a host that does not have the volume: who has it, and what to do. */
  public static KurveException notHere(VolumeAdmin volumes, String volume, String where) {
    List<Attachment> holders =
        Connections.await(volumes.info(volume), LIMIT, "the MDS").attachments();
    return holders.isEmpty()
        ? new KurveException(
            ErrorCode.NOT_FOUND,
            "volume " + volume + " is not attached anywhere",
            "see `kurve volume info " + volume + "`")
        : new KurveException(
            ErrorCode.NOT_FOUND,
            "volume %s is not attached on %s: host %s has it since %s"
                .formatted(
                    volume,
                    where,
                    holders.getFirst().host(),
                    Moment.toHuman(holders.getFirst().since())),
            "detach it there; if that host is dead, take it away from it with `kurve volume detach "
                + volume
                + " --force`");
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
