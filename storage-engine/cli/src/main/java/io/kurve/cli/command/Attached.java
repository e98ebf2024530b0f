package io.kurve.cli.command;

import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import java.util.List;

/** What {@code volume attach -o json} prints. */
record Attached(
    String name,
    long attachment,
    String device,
    String link,
    long sizeBytes,
    String state,
    List<String> mounts) {
  static Attached of(AttachedDevice device) {
    return new Attached(
        device.volumeName(),
        device.attachment().value(),
        device.device(),
        device.link(),
        device.sizeBytes(),
        VolumeView.lower(device.state()),
        device.mounts());
  }
}
