package io.kurve.client.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.Volume;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The attachment under which everything of this volume is sent: who we are, and whether we are
 * fenced. Once fenced it stays so.
 */
final class Session {
  private final VolumeIdentity identity;
  private final List<Runnable> onFenced = new ArrayList<>();
  private @Nullable KurveException fenced;

  // Written on the loop, read by every thread that asks for the volume's record.
  private volatile Volume volume;

  Session(VolumeIdentity identity) {
    this.identity = identity;
    this.volume = identity.opened().volume();
  }

  ClusterId cluster() {
    return identity.cluster();
  }

  String host() {
    return identity.host();
  }

  AttachmentId attachment() {
    return identity.opened().attachment();
  }

  boolean isExclusive() {
    return identity.mode() == AccessMode.EXCLUSIVE;
  }

  Volume volume() {
    return volume;
  }

  void volume(Volume present) {
    volume = present;
  }

  boolean isFenced() {
    return fenced != null;
  }

  /** The error with which everything ends once the attachment is fenced. */
  Optional<KurveException> fencedBecause() {
    return Optional.ofNullable(fenced);
  }

  /** Runs, in the turn in which the attachment is found fenced, in the order of their coming. */
  void onFenced(Runnable task) {
    onFenced.add(task);
  }

  void fence(String why) {
    if (fenced != null) {
      return;
    }
    fenced =
        new KurveException(
            ErrorCode.FENCED,
            "volume '%s': %s can't be used any more: %s"
                .formatted(volume.name(), attachment(), why),
            "attach the volume again; the new attachment gets a new device");
    onFenced.forEach(Runnable::run);
  }
}
