package io.kurve.cli.command;

import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.VolumeUse;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** A volume as programs see it. */
record VolumeView(
    String name,
    long id,
    long sizeBytes,
    int logicalBlockBytes,
    boolean shared,
    String state,
    Instant created,
    long mappedBytes,
    List<AttachmentView> attachments) {

  record AttachmentView(long id, String host, Instant since, String state) {
    static AttachmentView of(Attachment attachment) {
      return new AttachmentView(
          attachment.id().value(),
          attachment.host(),
          attachment.since(),
          lower(attachment.state()));
    }
  }

  static VolumeView of(VolumeUse use) {
    return of(use.volume(), use.attachments());
  }

  static VolumeView of(Volume volume, List<Attachment> attachments) {
    return new VolumeView(
        volume.name(),
        volume.id().value(),
        volume.sizeBytes(),
        volume.logicalBlockBytes(),
        volume.shared(),
        lower(volume.state()),
        volume.created(),
        volume.mappedBytes(),
        attachments.stream().map(AttachmentView::of).toList());
  }

  static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
