package io.kurve.chunkserver.copyset;

import io.kurve.chunkserver.copyset.ControlCodec.ChunkListSeal;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import io.kurve.core.log.ReplicatedStateMachine.CheckpointImage;
import java.io.IOException;
import java.util.Collection;
import java.util.List;

/** Control state between memory and checkpoint. */
final class ControlImages {
  private ControlImages() {}

  /** Of a replica that nothing was ever applied to. */
  static CopysetControl none(CopysetKey copyset) {
    return of(
        copyset,
        LogPosition.BEFORE_ALL,
        Membership.ofVoters(List.of()),
        new ChunkList(),
        new ControlState());
  }

  static CopysetControl of(
      CopysetKey copyset,
      LogPosition at,
      Membership membership,
      ChunkList chunks,
      ControlState control) {
    List<Slot> slots = chunks.slots();
    return new CopysetControl(
        copyset,
        at,
        membership,
        false,
        slots,
        ControlCodec.encode(control, ChunkListSeal.of(addresses(slots))));
  }

  /**
   * @throws KurveException BAD_STORE when the list of chunks is not the one that the state sealed
   */
  static ControlState checkedControl(CopysetControl image) {
    ControlCodec.Decoded decoded = ControlCodec.decode(image.state());
    ChunkListSeal found = ChunkListSeal.of(addresses(image.slots()));
    if (!found.equals(decoded.chunks())) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          image.copyset()
              + ": the checkpoint at "
              + image.at().index()
              + " lists "
              + found.count()
              + " chunks where its seal says "
              + decoded.chunks().count()
              + ", or other ones",
          KurveException.GO_ON_WITHOUT_IT);
    }
    return decoded.control();
  }

  static List<ChunkAddress> addresses(Collection<Slot> slots) {
    return slots.stream().map(Slot::address).toList();
  }

  static CheckpointImage persistedBy(CopysetControl image, Persist persist) {
    return image(image, persist);
  }

  /** Of a replica that is being installed: it has nothing exact to persist. */
  static CheckpointImage refused(CopysetControl last) {
    return image(
        last,
        () -> {
          throw new IOException(last.copyset() + " is being installed: no checkpoint");
        });
  }

  private static CheckpointImage image(CopysetControl image, Persist persist) {
    return new CheckpointImage() {
      @Override
      public Checkpoint checkpoint() {
        return new Checkpoint(image.at(), image.membership());
      }

      @Override
      public void persist() throws IOException {
        persist.run();
      }
    };
  }

  @FunctionalInterface
  interface Persist {
    void run() throws IOException;
  }
}
