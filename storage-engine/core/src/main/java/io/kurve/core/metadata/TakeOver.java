package io.kurve.core.metadata;

import io.kurve.core.id.AttachmentId;
import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * From whom an open may take the volume. Who loses it is fenced before the open ends.
 *
 * @param silent from holders whose lease has run out or who are being fenced already
 * @param named from these, however alive; so a request that comes late takes nothing from a holder
 *     who came after them
 */
public record TakeOver(boolean silent, Set<AttachmentId> named) {
  public static final TakeOver FROM_NOBODY = new TakeOver(false, Set.of());
  public static final TakeOver FROM_THE_SILENT = new TakeOver(true, Set.of());

  public TakeOver {
    named = Collections.unmodifiableSet(new TreeSet<>(named));
  }

  /** From the silent and from these. */
  public static TakeOver from(Collection<AttachmentId> named) {
    return new TakeOver(true, new TreeSet<>(named));
  }
}
