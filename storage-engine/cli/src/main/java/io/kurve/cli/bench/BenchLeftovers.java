package io.kurve.cli.bench;

import io.kurve.cli.Connections;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumeAdmin.VolumeUse;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Deletes the volumes of measurements that were killed: known by their names, and dead when nobody
 * renews the lease of their attachment.
 */
final class BenchLeftovers {
  private static final Pattern NAME =
      Pattern.compile("bench-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** One that is as young may be about to be opened. */
  private static final Duration YOUNG = Duration.ofMinutes(1);

  private final VolumeAdmin volumes;
  private final Consumer<String> progress;

  BenchLeftovers(VolumeAdmin volumes, Consumer<String> progress) {
    this.volumes = volumes;
    this.progress = progress;
  }

  static String newName() {
    return "bench-" + UUID.randomUUID();
  }

  /**
   * @param now by the MDS's clock, which wrote when volumes were made
   */
  void clear(Instant now) {
    for (VolumeUse use : Connections.await(volumes.list(), LIMIT, "the MDS")) {
      if (NAME.matcher(use.volume().name()).matches()
          && use.volume().state() == Volume.State.ACTIVE
          && isDead(use, now)) {
        delete(use);
      }
    }
  }

  private static boolean isDead(VolumeUse use, Instant now) {
    return use.attachments().isEmpty()
        ? use.volume().created().isBefore(now.minus(YOUNG))
        : use.attachments().stream().noneMatch(held -> held.state() == Attachment.State.OPEN);
  }

  /** Whether it can be done or not is no matter for the measurement that comes. */
  private void delete(VolumeUse use) {
    String name = use.volume().name();
    try {
      for (Attachment held : use.attachments()) {
        Connections.await(volumes.fence(held.id()), LIMIT, "the MDS");
      }
      Connections.await(
          volumes.delete(use.volume().id(), Optional.of(Duration.ZERO)), LIMIT, "the MDS");
      progress.accept("deleted " + name + ", which a measurement that was killed had left");
    } catch (KurveException e) {
      progress.accept(name + ", left by a measurement that was killed, stays: " + e.oneLine());
    }
  }
}
