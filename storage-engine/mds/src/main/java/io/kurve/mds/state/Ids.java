package io.kurve.mds.state;

import io.kurve.mds.record.StoredRecord.IdCounterRecord;
import io.kurve.mds.record.StoredRecord.IdKind;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Gives ids out of ranges that a transaction has reserved.
 *
 * <pre>
 *   |-- earlier leaders' ranges --|--------- this leader's range ---------|
 *   1                             ^ next: where this load began           ^ reservedThrough
 *                                   the rest of an earlier range is skipped, never given
 * </pre>
 */
public final class Ids {
  static final int RANGE = 4096;

  private final Image image;
  private final Map<IdKind, Long> next = new EnumMap<>(IdKind.class);
  private long loadSeen = -1;

  public Ids(Image image) {
    this.image = image;
  }

  /** The changes must be in the same transaction as the first use of the ids. */
  public record Taken(long first, List<Change> changes) {}

  /**
   * Takes consecutive ids. Those of a transaction that fails are skipped, so it can be called from
   * a decision that is then not carried out.
   */
  public Taken take(IdKind kind, int count) {
    if (loadSeen != image.loads()) {
      next.clear();
      loadSeen = image.loads();
    }
    long reserved = image.reservedThrough(kind);
    long first = next.getOrDefault(kind, reserved + 1);
    long last = first + count - 1;
    next.put(kind, last + 1);
    return last <= reserved
        ? new Taken(first, List.of())
        : new Taken(
            first, List.of(new Change.Put(new IdCounterRecord(kind, last + RANGE - count))));
  }
}
