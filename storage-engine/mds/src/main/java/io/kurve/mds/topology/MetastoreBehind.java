package io.kurve.mds.topology;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.ChunkserverReport.Seen;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.IdKind;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that somebody has seen more than this MDS knows: then the metadata store is an older copy
 * or another one, ids would be given twice, and nothing may be served.
 */
public final class MetastoreBehind {
  public static final String CURE =
      "the metadata store was restored from an older copy or emptied: stop the MDS and put the"
          + " newest copy of its data directory back; no data has been touched";
  private static final Logger LOG = LoggerFactory.getLogger(MetastoreBehind.class);

  private final Office office;
  private @Nullable KurveException found;

  public MetastoreBehind(Office office) {
    this.office = office;
  }

  /** Set once and for the rest of the term. */
  public Optional<KurveException> found() {
    return Optional.ofNullable(found);
  }

  /**
   * @throws KurveException when a chunkserver has seen more; all else is refused from then on
   */
  public void compare(String who, Seen seen) {
    if (found != null) {
      throw found;
    }
    more(who, "term", seen.term().value(), office.term().value())
        .or(() ->
            more(
                who,
                "metadata store revision",
                seen.metastoreRevision(),
                office.image().revision()))
        .or(() -> more(who, "id", seen.highestId(), reserved(IdKind.GENERAL)))
        .or(() ->
            more(
                who,
                "attachment id",
                seen.highestAttachment().value(),
                reserved(IdKind.ATTACHMENT)))
        .ifPresent(why -> {
          LOG.error("serving nothing: {}", why.oneLine());
          found = why;
          throw why;
        });
  }

  /**
   * A host may be wrong about its attachment: that alone stops nobody else.
   *
   * @throws KurveException when no such attachment can have been given
   */
  public void check(AttachmentId attachment) {
    more("the caller", "attachment id", attachment.value(), reserved(IdKind.ATTACHMENT))
        .ifPresent(why -> {
          throw why;
        });
  }

  private long reserved(IdKind kind) {
    return office.image().reservedThrough(kind);
  }

  private static Optional<KurveException> more(String who, String what, long seen, long known) {
    return seen <= known
        ? Optional.empty()
        : Optional.of(
            new KurveException(
                ErrorCode.REFUSED,
                who + " has seen " + what + " " + seen + "; this MDS knows only up to " + known,
                CURE));
  }
}
