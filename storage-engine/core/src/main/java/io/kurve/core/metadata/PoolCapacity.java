package io.kurve.core.metadata;

import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import java.util.Collection;

/**
 * How large a volume can become on a pool: how many chunks fit, each on as many failure domains as
 * there are replicas.
 *
 * <pre>
 *   usable(disk) = slots - reserve
 *   c chunks fit if the sum over the domains of min(usable(domain), c) is at least replicas * c
 * </pre>
 */
public final class PoolCapacity {
  private PoolCapacity() {}

  /**
   * Slots that each disk keeps back for what is not promised to a volume: repairs and releases
   * under way.
   */
  public static int reserve(int slots) {
    return Math.max(2, slots / 64);
  }

  /** What can be promised to volumes of a disk. */
  public static int usableSlots(int slots) {
    return Math.max(0, slots - reserve(slots));
  }

  /**
   * @param usableSlots of each failure domain
   */
  public static ByteSize of(Collection<Long> usableSlots, int replicas) {
    long fit = 0;
    long tooMany = usableSlots.stream().mapToLong(Long::longValue).sum() / replicas + 1;
    while (tooMany - fit > 1) {
      long chunks = (fit + tooMany) / 2;
      long copies = usableSlots.stream().mapToLong(slots -> Math.min(slots, chunks)).sum();
      if (copies >= replicas * chunks) {
        fit = chunks;
      } else {
        tooMany = chunks;
      }
    }
    return new ByteSize(fit * Geometry.CHUNK_BYTES);
  }
}
