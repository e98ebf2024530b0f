package io.kurve.client.volume;

import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.unit.Geometry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Requests that can't begin before the MDS has said where their bytes are: it is asked first, and
 * they take no number meanwhile. With one, a single request that waits for a new place would soon
 * close the window of numbers for all that have theirs.
 *
 * <p>What comes later and touches the same blocks waits behind them.
 */
final class Unmapped {
  private final Segments segments;
  private final Admission admission;

  /** Each with those that came after it and wait behind it. */
  private final Map<Request, List<Request>> waiting = new LinkedHashMap<>();

  Unmapped(Segments segments, Admission admission) {
    this.segments = segments;
    this.admission = admission;
  }

  /** True when the request waits here now; it comes back to the admission by itself. */
  boolean holds(Request request) {
    for (Map.Entry<Request, List<Request>> earlier : waiting.entrySet()) {
      if (earlier.getKey().arrival() < request.arrival()
          && conflict(earlier.getKey().asked(), request.asked())) {
        earlier.getValue().add(request);
        waiting.put(request, new ArrayList<>());
        return true;
      }
    }
    OptionalLong unknown = unknown(request);
    unknown.ifPresent(index -> {
      waiting.put(request, new ArrayList<>());
      ask(request, index);
    });
    return unknown.isPresent();
  }

  private void ask(Request request, long index) {
    segments.find(
        index,
        allocates(request.asked()),
        new Segments.Asker() {
          @Override
          public void found(Optional<SegmentMap> segment) {
            if (segment.isEmpty()) {
              request.unmapped().add(index);
            }
            again(request);
          }

          @Override
          public void failed(KurveException error) {
            leave(request, () -> admission.failedBefore(request, error));
          }
        });
  }

  private void again(Request request) {
    leave(request, () -> admission.place(request));
  }

  private void leave(Request request, Runnable to) {
    List<Request> behind = waiting.remove(request);
    if (behind != null) {
      to.run();
      behind.forEach(this::again);
    }
  }

  /** Of the segments that it touches, the first that nothing is known of. */
  private OptionalLong unknown(Request request) {
    Request.Asked asked = request.asked();
    if (asked.operation() == Operation.FLUSH) {
      return OptionalLong.empty();
    }
    return LongStream.rangeClosed(
            asked.offset() / Geometry.SEGMENT_BYTES,
            (asked.offset() + asked.length() - 1) / Geometry.SEGMENT_BYTES)
        .filter(index -> !request.unmapped().contains(index))
        .filter(index -> !segments.isKnown(index, allocates(asked)))
        .findFirst();
  }

  private static boolean allocates(Request.Asked asked) {
    return asked.operation() == Operation.WRITE;
  }

  private static boolean conflict(Request.Asked earlier, Request.Asked later) {
    return (earlier.operation().changes() || later.operation().changes())
        && firstBlock(earlier) < endBlock(later)
        && firstBlock(later) < endBlock(earlier);
  }

  private static long firstBlock(Request.Asked asked) {
    return asked.offset() / Geometry.BLOCK_BYTES;
  }

  private static long endBlock(Request.Asked asked) {
    return Math.ceilDiv(asked.offset() + asked.length(), Geometry.BLOCK_BYTES);
  }

  Stream<Request> all() {
    return waiting.keySet().stream();
  }

  int count() {
    return waiting.size();
  }

  void clear() {
    waiting.clear();
  }
}
