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
import java.util.TreeMap;
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
 * asked again after the moment.
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
    boolean hoped = true;
    for (int moment = 0; ; moment++) {
      boolean hope = ask(needy, asked);
      try {
        return source.take();
      } catch (NoFreeSlot e) {
        // One moment more without hope: what is dropped no more may be free a little later only.
        if (moment == MOMENTS || !hope && !hoped) {
          log.warn("{} finds no free slot, asked were {}", needy, asked);
          throw e;
        }
      }
      hoped = hope;
      waiting.await(firstTaken(asked.values()), MOMENT);
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

  /** Ends with the first checkpoint that was taken, however many were refused. */
  private static CompletableFuture<Void> firstTaken(
      Collection<CompletableFuture<LogPosition>> asked) {
    CompletableFuture<Void> first = new CompletableFuture<>();
    for (CompletableFuture<LogPosition> checkpoint : asked) {
      var unused = checkpoint.thenRun(() -> first.complete(null));
    }
    return first;
  }
}
