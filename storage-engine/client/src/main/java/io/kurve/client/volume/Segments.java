package io.kurve.client.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.metadata.SegmentMapping;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Where the volume's chunks live, as far as it is known.
 *
 * <p>A mapping never changes once it is made, so it is kept. "Not mapped" is kept only under an
 * exclusive attachment and only for {@link MetadataService#NOT_MAPPED_HOLDS}: else another host may
 * have mapped and written the segment since, and its data would read as zeros.
 */
final class Segments {
  private final VolumePorts ports;
  private final Session session;
  private final MetadataCalls metadata;
  private final Copysets copysets;
  private final Map<Long, SegmentMap> mapped = new TreeMap<>();

  /** When it was asked whether they are mapped, and they were not. */
  private final Map<Long, Long> unmappedAtNanos = new TreeMap<>();

  private final Map<Long, Pending> lookups = new TreeMap<>();
  private final Map<Long, Pending> allocations = new TreeMap<>();

  Segments(VolumePorts ports, Session session, MetadataCalls metadata, Copysets copysets) {
    this.ports = ports;
    this.session = session;
    this.metadata = metadata;
    this.copysets = copysets;
  }

  /** Gets the answer at once or later, in a turn of the volume. */
  interface Asker {
    /** Empty: not mapped. */
    void found(Optional<SegmentMap> segment);

    void failed(KurveException failure);
  }

  /**
   * @param allocate map it if it is not; then it is always found
   */
  void find(long index, boolean allocate, Asker asker) {
    SegmentMap known = mapped.get(index);
    if (known != null) {
      asker.found(Optional.of(known));
    } else if (!allocate && isKnownUnmapped(index)) {
      asker.found(Optional.empty());
    } else {
      Map<Long, Pending> pending = allocate ? allocations : lookups;
      Pending question = pending.get(index);
      if (question == null) {
        Pending fresh = new Pending(index, allocate);
        pending.put(index, fresh);
        fresh.now.add(asker);
        fresh.ask();
      } else {
        question.later.add(asker);
      }
    }
  }

  /** Whether {@link #find} would answer at once. */
  boolean isKnown(long index, boolean allocate) {
    return mapped.containsKey(index) || (!allocate && isKnownUnmapped(index));
  }

  private boolean isKnownUnmapped(long index) {
    Long askedAtNanos = unmappedAtNanos.get(index);
    return askedAtNanos != null && stillHolds(askedAtNanos);
  }

  private boolean stillHolds(long askedAtNanos) {
    return ports.loop().nanoTime() - askedAtNanos < MetadataService.NOT_MAPPED_HOLDS.toNanos();
  }

  /** A question under way, and who waits: those since before it was sent and those since. */
  private final class Pending {
    private final long index;
    private final boolean allocate;
    private List<Asker> now = new ArrayList<>();
    private List<Asker> later = new ArrayList<>();
    private long askedAtNanos;

    Pending(long index, boolean allocate) {
      this.index = index;
      this.allocate = allocate;
    }

    void ask() {
      metadata.<SegmentMapping>ask(
          () -> {
            askedAtNanos = ports.loop().nanoTime();
            return ports
                .metadata()
                .segment(session.volume().id(), session.attachment(), index, allocate);
          },
          () -> !session.isFenced(),
          this::answered,
          this::failed);
    }

    private void answered(SegmentMapping mapping) {
      if (session.isFenced()) {
        return;
      }
      copysets.learn(mapping.placements());
      if (mapping.segment().isPresent()) {
        mapped.put(index, mapping.segment().get());
        unmappedAtNanos.remove(index);
        endAll(asker -> asker.found(mapping.segment()));
      } else if (allocate) {
        failed(
            new KurveException(
                ErrorCode.INTERNAL,
                "the MDS did not map segment %d of volume '%s' when asked to"
                    .formatted(index, session.volume().name()),
                "see the log of the MDS"));
      } else if (mapped.containsKey(index)) {
        // A write of ours has mapped it since; this answer is older.
        endAll(asker -> asker.found(Optional.of(mapped.get(index))));
      } else if (session.isExclusive() && stillHolds(askedAtNanos)) {
        unmappedAtNanos.put(index, askedAtNanos);
        endAll(asker -> asker.found(Optional.empty()));
      } else {
        // Whoever came after the question was sent may have to see what another host wrote since.
        List<Asker> served = now;
        now = later;
        later = new ArrayList<>();
        if (now.isEmpty()) {
          lookups.remove(index);
        } else {
          ask();
        }
        served.forEach(asker -> asker.found(Optional.empty()));
      }
    }

    private void failed(KurveException failure) {
      if (session.isFenced()) {
        return;
      }
      if (failure.code() == ErrorCode.FENCED) {
        session.fence(failure.text());
      } else {
        endAll(asker -> asker.failed(failure));
      }
    }

    private void endAll(Consumer<Asker> how) {
      (allocate ? allocations : lookups).remove(index);
      now.forEach(how);
      later.forEach(how);
    }
  }
}
