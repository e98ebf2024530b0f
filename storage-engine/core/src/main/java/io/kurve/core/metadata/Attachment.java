package io.kurve.core.metadata;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;
import java.time.Instant;

/** One opening of a volume by a host. */
public record Attachment(
    AttachmentId id, VolumeId volume, String volumeName, String host, Instant since, State state) {
  public enum State {
    OPEN,
    /** Past its lease: still the only writer, until the next host attaches the volume. */
    LEASE_EXPIRED,
    /** Being removed from the copysets; it may not allocate or look up any more. */
    FENCING,
    FENCED
  }
}
