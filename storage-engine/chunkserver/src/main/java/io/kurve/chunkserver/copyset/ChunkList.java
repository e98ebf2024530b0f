package io.kurve.chunkserver.copyset;

import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.VolumeId;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The chunks of a copyset and the slots that hold them here. Its owner guards it. */
final class ChunkList {
  private final TreeMap<ChunkId, Slot> slots = new TreeMap<>();

  static ChunkList of(List<Slot> slots) {
    ChunkList list = new ChunkList();
    slots.forEach(list::add);
    return list;
  }

  @Nullable Slot slot(ChunkId chunk) {
    return slots.get(chunk);
  }

  /** A chunk has one place for ever. */
  Optional<CommandReply> objection(ChunkAddress address) {
    Slot slot = slots.get(address.chunk());
    return slot == null || slot.address().equals(address)
        ? Optional.empty()
        : Optional.of(
            new CommandReply.Refused(
                address.chunk() + " is " + slot.address() + ", not " + address));
  }

  void add(Slot slot) {
    if (slots.putIfAbsent(slot.address().chunk(), slot) != null) {
      throw new IllegalStateException(slot.address().chunk() + " has two slots");
    }
  }

  void remove(Slot slot) {
    if (!slots.remove(slot.address().chunk(), slot)) {
      throw new IllegalStateException(slot + " is not in the chunk list");
    }
  }

  List<Slot> ofVolume(VolumeId volume) {
    return slots.values().stream().filter(slot -> slot.address().volume().equals(volume)).toList();
  }

  /** In order of chunk id. */
  List<Slot> slots() {
    return List.copyOf(slots.values());
  }
}
