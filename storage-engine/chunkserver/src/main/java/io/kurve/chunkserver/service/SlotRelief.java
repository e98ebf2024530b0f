package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.CopysetStateMachine.SlotSource;
import io.kurve.chunkserver.service.ServicePools.Waiting;
import io.kurve.chunkserver.store.SlotStore.NoFreeSlot;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets a copyset the slots that others of its disk have dropped and keep for their next checkpoint.
 *
 * <pre>
 *   no free slot ──> ask all that have dropped some for a checkpoint ──> take
 *        ^                                                                │ none yet
 *        └── until one of those checkpoints is there, or a moment is over ┘
 * </pre>
 *
 * <p>One that is taking a checkpoint just now refuses, and says nothing when it has ended: so it is
 * asked again after the moment. One whose checkpoint was there and brought no slot cuts no wait
 * short any more: it may say again and again at once that it has nothing newer, while it applies
 * what drops the next slots.
 */
final class SlotRelief implements RelievingWriter.Relief {
  private static final Logger log = LoggerFactory.getLogger(SlotRelief.class);
  private static final Duration MOMENT = Duration.ofMillis(50);

  /** Of ten seconds together. */
  private static final int MOMENTS = 200;

  private final Supplier<Collection<CopysetReplica>> replicas;
  private final Waiting waiting;

  SlotRelief(Supplier<Collection<CopysetReplica>> replicas, Waiting waiting) {
    this.replicas = replicas;
    this.waiting = waiting;
  }

  @Override
  public Slot releaseDropped(CopysetKey needy, SlotSource source)
      throws NoFreeSlot, InterruptedException {
    Map<CopysetKey, CompletableFuture<LogPosition>> asked = new TreeMap<>();
    Set<CopysetKey> taken = new TreeSet<>();
    boolean hoped = true;
    int moment = 0;
    while (true) {
      boolean hope = ask(needy, asked);
      try {
        return source.take();
      } catch (NoFreeSlot e) {
        // One moment more without hope: what is dropped no more may be free a little later only.
        if (moment == MOMENTS || (!hope && !hoped)) {
          log.warn("{} finds no free slot, asked were {}", needy, asked);
          throw e;
        }
      }
      hoped = hope;
      CompletableFuture<Void> first = firstTaken(asked, taken);
      waiting.await(first, MOMENT);
      if (!first.isDone()) {
        moment++;
      }
      asked.forEach((copyset, checkpoint) -> {
        if (checkpoint.isDone() && !checkpoint.isCompletedExceptionally()) {
          taken.add(copyset);
        }
      });
    }
  }

  /** Whether any copyset has dropped slots. */
  private boolean ask(CopysetKey needy, Map<CopysetKey, CompletableFuture<LogPosition>> asked) {
    asked.values().removeIf(CompletableFuture::isDone);
    boolean hope = false;
    for (CopysetReplica replica : replicas.get()) {
      if (!replica.copyset().equals(needy) && replica.machine().hasDroppedSlots()) {
        hope = true;
        asked.computeIfAbsent(
            replica.copyset(), absent -> replica.log().checkpointForSpace().toCompletableFuture());
      }
    }
    return hope;
  }

  /** Ends with the first checkpoint that is taken but for those, however many are refused. */
  private static CompletableFuture<Void> firstTaken(
      Map<CopysetKey, CompletableFuture<LogPosition>> asked, Set<CopysetKey> butFor) {
    CompletableFuture<Void> first = new CompletableFuture<>();
    asked.forEach((copyset, checkpoint) -> {
      if (!butFor.contains(copyset)) {
        var unused = checkpoint.thenRun(() -> first.complete(null));
      }
    });
    return first;
  }
}
