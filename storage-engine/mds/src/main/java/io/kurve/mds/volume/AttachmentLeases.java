package io.kurve.mds.volume;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Attachment;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.Holding;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import java.util.Map;
import java.util.TreeMap;

/**
 * Until when each attachment was renewed, on this leader's monotonic clock: a new leader gives each
 * its full time again. The end of a lease takes nothing away from the writer: it only lets others
 * see that the holder is silent.
 */
public final class AttachmentLeases {
  private final Office office;
  private final long sinceNanos;
  private final Map<AttachmentId, Long> renewedNanos = new TreeMap<>();

  public AttachmentLeases(Office office) {
    this.office = office;
    this.sinceNanos = office.loop().nanoTime();
  }

  void renew(AttachmentId id) {
    renewedNanos.put(id, office.loop().nanoTime());
  }

  void forget(AttachmentId id) {
    renewedNanos.remove(id);
  }

  boolean expired(AttachmentId id) {
    long silent = office.loop().nanoTime() - renewedNanos.getOrDefault(id, sinceNanos);
    return silent >= office.timings().attachmentLease().toNanos();
  }

  Attachment describe(VolumeRecord volume, Holding holding) {
    Attachment.State state =
        holding.fencing()
            ? Attachment.State.FENCING
            : expired(holding.id()) ? Attachment.State.LEASE_EXPIRED : Attachment.State.OPEN;
    return new Attachment(
        holding.id(), volume.id(), volume.name(), holding.host(), holding.since(), state);
  }
}
