package io.kurve.chunkserver.server;

import io.kurve.chunkserver.copyset.CopysetStateMachine.ControlWriter;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Makes control states durable together: while one checkpoint of the store is written, those that
 * come wait and share the next one. A checkpoint writes the states of all copysets and syncs the
 * whole disk, so that sixteen at once cost what one does. When it fails it has failed for all who
 * share it: nobody may cut his log.
 */
public final class SharedCheckpoints implements ControlWriter {
  private final SlotStore store;

  /** Guards the fields below it, and what is in a round. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition ended = lock.newCondition();
  private Round next = new Round();
  private boolean writing;

  private static final class Round {
    final TreeMap<CopysetKey, CopysetControl> states = new TreeMap<>();
    boolean over;
    boolean durable;
    @Nullable KurveException refusal;
  }

  public SharedCheckpoints(SlotStore store) {
    this.store = store;
  }

  /**
   * @throws IOException when the store has no room for the control states; the last durable ones
   *     stay
   */
  @Override
  public void persist(CopysetControl control) throws IOException {
    lock.lock();
    try {
      Round mine = next;
      mine.states.put(control.copyset(), control);
      while (!mine.over) {
        if (writing) {
          ended.awaitUninterruptibly();
        } else {
          write();
        }
      }
      if (!mine.durable) {
        throw new IOException(
            control.copyset()
                + ": the checkpoint was not written, "
                + (mine.refusal == null ? "it broke off" : mine.refusal.oneLine()),
            mine.refusal);
      }
    } finally {
      lock.unlock();
    }
  }

  private void write() {
    Round round = next;
    next = new Round();
    writing = true;
    lock.unlock();
    boolean durable = false;
    @Nullable KurveException refusal = null;
    try {
      store.checkpoint(List.copyOf(round.states.values()), Set.of());
      durable = true;
    } catch (KurveException e) {
      refusal = e;
    } finally {
      lock.lock();
      writing = false;
      round.over = true;
      round.durable = durable;
      round.refusal = refusal;
      ended.signalAll();
    }
  }
}
