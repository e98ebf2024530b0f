package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.CopysetStateMachine.ControlWriter;
import io.kurve.chunkserver.copyset.CopysetStateMachine.SlotSource;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.NoFreeSlot;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.id.CopysetKey;
import java.io.IOException;

/** Writes control states, and asks the other copysets of the disk for the slots they dropped. */
record RelievingWriter(ControlWriter writer, Relief relief) implements ControlWriter {
  @FunctionalInterface
  interface Relief {
    Slot releaseDropped(CopysetKey needy, SlotSource source)
        throws NoFreeSlot, InterruptedException;
  }

  @Override
  public void persist(CopysetControl control) throws IOException {
    writer.persist(control);
  }

  @Override
  public Slot relieve(CopysetKey needy, SlotSource source) throws NoFreeSlot, InterruptedException {
    return relief.releaseDropped(needy, source);
  }
}
