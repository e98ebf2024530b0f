package io.kurve.chunkserver.server;

import io.kurve.chunkserver.copyset.CopysetStateMachine.ControlWriter;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.core.id.CopysetKey;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Makes control states durable together: while one checkpoint of the store is written, those that
 * come wait and share the next one. A checkpoint writes the states of all copysets and syncs the
 * whole disk, so that sixteen at once cost what one does.
 */
final class SharedCheckpoints implements ControlWriter {
  private final SlotStore store;

  /** Guards the fields below it. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition round = lock.newCondition();
  private TreeMap<CopysetKey, CopysetControl> next = new TreeMap<>();
  private boolean writing;
  private long begun;
  private long done;

  SharedCheckpoints(SlotStore store) {
    this.store = store;
  }

  @Override
  public void persist(CopysetControl control) {
    lock.lock();
    try {
      next.put(control.copyset(), control);
      long mine = begun + 1;
      while (done < mine) {
        if (writing) {
          round.awaitUninterruptibly();
        } else {
          write();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void write() {
    TreeMap<CopysetKey, CopysetControl> batch = next;
    next = new TreeMap<>();
    long number = ++begun;
    writing = true;
    lock.unlock();
    try {
      store.checkpoint(List.copyOf(batch.values()), Set.of());
    } finally {
      lock.lock();
      writing = false;
      done = number;
      round.signalAll();
    }
  }
}
