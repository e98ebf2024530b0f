package io.kurve.mds.volume;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.MetadataService;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.Holding;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * Until when each attachment was renewed, on this leader's monotonic clock: a new leader gives each
 * its full time again. The end of a lease takes nothing away from the writer: it only lets others
 * see that the holder is silent.
 *
 * <p>Also when each was last told that a segment is not mapped: a fence waits until its holder does
 * not believe it any more.
 */
public final class AttachmentLeases {
  /** On this clock, so that it is over on one that runs at half the speed. */
  private static final Duration NOT_MAPPED_HOLDS = MetadataService.NOT_MAPPED_HOLDS.multipliedBy(2);

  private final Office office;
  private final long sinceNanos;
  private final Map<AttachmentId, Long> renewedNanos = new TreeMap<>();
  private final Map<AttachmentId, Long> notMappedUntilNanos = new TreeMap<>();

  public AttachmentLeases(Office office) {
    this.office = office;
    this.sinceNanos = office.loop().nanoTime();
  }

  void renew(AttachmentId id) {
    renewedNanos.put(id, office.loop().nanoTime());
  }

  void forget(AttachmentId id) {
    renewedNanos.remove(id);
    notMappedUntilNanos.remove(id);
  }

  /** Its holder is told now that a segment is not mapped. */
  void toldNotMapped(AttachmentId id) {
    notMappedUntilNanos.put(id, office.loop().nanoTime() + NOT_MAPPED_HOLDS.toNanos());
  }

  /** Its holder asks for nothing any more, so what it was told does not matter. */
  void atRest(AttachmentId id) {
    notMappedUntilNanos.put(id, office.loop().nanoTime());
  }

  /** What an earlier leader told it is not known here. */
  Duration untilNotMappedIsForgotten(AttachmentId id) {
    long until = notMappedUntilNanos.getOrDefault(id, sinceNanos + NOT_MAPPED_HOLDS.toNanos());
    return Duration.ofNanos(Math.max(0, until - office.loop().nanoTime()));
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
