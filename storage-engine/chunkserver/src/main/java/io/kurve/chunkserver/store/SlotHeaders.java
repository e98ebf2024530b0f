package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.disk.Disk;
import io.kurve.core.id.StoreId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** The table of slot headers on the disk. */
final class SlotHeaders {
  private final Disk disk;
  private final StoreLayout layout;
  private final StoreId store;

  SlotHeaders(Disk disk, StoreLayout layout, StoreId store) {
    this.disk = disk;
    this.layout = layout;
    this.store = store;
  }

  void write(Slot slot, boolean inUse) throws IOException {
    ByteBuffer page = Page.allocate();
    new SlotHeader(store, slot, inUse).encode(page);
    disk.write(layout.headerOffset(slot.number()), page);
  }

  /** Why the header does not say that this slot is in use; empty when it does. */
  Optional<String> problem(Slot slot) {
    ByteBuffer page = Page.allocate();
    try {
      disk.read(layout.headerOffset(slot.number()), page);
    } catch (IOException e) {
      return Optional.of("it can't be read: " + e.getMessage());
    }
    Optional<SlotHeader> found = SlotHeader.decode(page);
    if (found.isEmpty()) {
      return Optional.of("its checksum does not match");
    }
    return found.get().equals(new SlotHeader(store, slot, true))
        ? Optional.empty()
        : Optional.of("it says " + found.get());
  }
}
