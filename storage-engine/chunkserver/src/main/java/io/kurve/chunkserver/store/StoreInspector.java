package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.chunkserver.store.StoreInspection.Checkpoint;
import io.kurve.chunkserver.store.StoreInspection.CopysetSummary;
import io.kurve.chunkserver.store.StoreInspection.Identification;
import io.kurve.chunkserver.store.StoreInspection.SuperblockSummary;
import io.kurve.chunkserver.store.Superblock.Copy;
import io.kurve.core.disk.Disk;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.util.Comparator;
import java.util.List;

/** Looks into a store that nobody has open; writes nothing. */
public final class StoreInspector {
  private StoreInspector() {}

  /**
   * @throws KurveException {@link ErrorCode#BAD_STORE} when it is so damaged that it can't be used
   */
  public static StoreInspection inspect(Disk disk) {
    Superblock superblock = Superblocks.load(disk).current();
    StoreLayout layout = superblock.layout();
    ControlAreas areas = new ControlAreas(disk, layout, superblock.identity().store());
    ControlAreas.Chosen chosen = areas.choose(superblock.controlSequence());
    ControlImage image = chosen.image();
    Checkpoint checkpoint =
        new Checkpoint(
            image.sequence(),
            chosen.area(),
            image.storeGeneration(),
            image.payloadBytes(),
            areas.capacityBytes(),
            image.controls().values().stream().map(StoreInspector::summary).toList());
    List<Slot> slots =
        image.controls().values().stream()
            .flatMap(control -> control.slots().stream())
            .sorted(Comparator.comparingInt(Slot::number))
            .toList();
    return new StoreInspection(
        disk.name(),
        new Identification(
            StoreLayout.FORMAT_VERSION,
            superblock.identity(),
            superblock.memory(),
            superblock.generation()),
        layout,
        superblock.closedCleanly(),
        Superblocks.read(disk).stream().map(StoreInspector::summary).toList(),
        checkpoint,
        slots);
  }

  private static SuperblockSummary summary(Copy copy) {
    return switch (copy) {
      case Copy.Valid(long offset, Superblock block) ->
          new SuperblockSummary(
              offset,
              block.sequence(),
              "valid, generation %d, checkpoint %d"
                  .formatted(block.generation(), block.controlSequence()));
      case Copy.Newer(long offset, int version) ->
          new SuperblockSummary(offset, -1, "of the newer format version " + version);
      case Copy.Bad(long offset, _, String why) ->
          new SuperblockSummary(offset, -1, "damaged: " + why);
    };
  }

  private static CopysetSummary summary(CopysetControl control) {
    return new CopysetSummary(
        control.copyset(),
        control.at(),
        control.membership(),
        control.installing(),
        control.slots().size(),
        control.state().size());
  }
}
