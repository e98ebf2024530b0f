package io.kurve.chunkserver.service;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Which of the MDS's commands about members may still be done. One that comes late, when the MDS
 * has given it up and ordered otherwise, would undo what others count on; the revision of the
 * metadata store that each names shows their order.
 *
 * <pre>
 *   change    one at a time for each copyset, and none older than the last one that came
 *   join      not when the replica was removed by a later transaction
 *   remove    not a replica that was made after the transaction that removes it
 * </pre>
 *
 * Kept in memory: what was ordered before a process was confirmed is refused by {@link
 * SeenNumbers#isFromBefore}.
 */
final class MemberChanges {
  private record Last(long revision, CompletableFuture<Void> end) {}

  /** Guards the fields below. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<CopysetKey, Last> changes = new TreeMap<>();
  private final Map<CopysetKey, Long> joined = new TreeMap<>();
  private final Map<CopysetKey, Long> removed = new TreeMap<>();

  CompletionStage<Void> change(
      CopysetKey copyset, long revision, Supplier<CompletionStage<Void>> change) {
    CompletableFuture<Void> end = new CompletableFuture<>();
    lock.lock();
    try {
      Last before = changes.get(copyset);
      if (before != null && before.revision() > revision) {
        return failed(
            ErrorCode.REFUSED, copyset, "a later change of its members was ordered", "look again");
      }
      if (before != null && !before.end().isDone()) {
        return failed(
            ErrorCode.UNAVAILABLE, copyset, "another change is under way", "try again later");
      }
      changes.put(copyset, new Last(revision, end));
    } finally {
      lock.unlock();
    }
    var unused =
        change
            .get()
            .whenComplete((done, failure) -> {
              if (failure == null) {
                end.complete(null);
              } else {
                end.completeExceptionally(failure);
              }
            });
    return end;
  }

  /** Why a replica may not be made by a command of this revision. */
  Optional<KurveException> joins(CopysetKey copyset, long revision) {
    lock.lock();
    try {
      if (revision < removed.getOrDefault(copyset, 0L)) {
        return Optional.of(
            refused(copyset + ": its replica here was removed later than this was ordered"));
      }
      joined.merge(copyset, revision, Math::max);
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** Why a replica may not be removed by this transaction. */
  Optional<KurveException> removes(CopysetKey copyset, long removingTransaction) {
    lock.lock();
    try {
      if (joined.getOrDefault(copyset, 0L) >= removingTransaction) {
        return Optional.of(
            refused(
                copyset + ": its replica here was made after transaction " + removingTransaction));
      }
      removed.merge(copyset, removingTransaction, Math::max);
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  private static KurveException refused(String why) {
    return new KurveException(ErrorCode.REFUSED, why, "look again: it was ordered anew meanwhile");
  }

  private static CompletionStage<Void> failed(
      ErrorCode code, CopysetKey copyset, String why, String cure) {
    return CompletableFuture.failedStage(
        new KurveException(code, copyset + ": its members do not change: " + why, cure));
  }
}
