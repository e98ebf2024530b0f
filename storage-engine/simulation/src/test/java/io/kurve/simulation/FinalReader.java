package io.kurve.simulation;

import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Takes a volume over when all is healed and reads what is in it. */
final class FinalReader {
  private static final int PIECE_BYTES = 1 << 20;

  private final SimCluster cluster;
  private final VolumeModel model;
  private final SimHost.Life life;
  private final List<long[]> ranges = new ArrayList<>();
  private boolean done;

  /**
   * @param whole the whole volume; else the hot runs and some blocks around them
   */
  FinalReader(SimCluster cluster, VolumeModel model, boolean whole) {
    this.cluster = cluster;
    this.model = model;
    this.life = cluster.hosts().getLast().life().orElseThrow();
    if (whole) {
      for (long offset = 0; offset < VolumeModel.BYTES; offset += PIECE_BYTES) {
        ranges.add(new long[] {offset, PIECE_BYTES});
      }
    } else {
      for (int[] run : VolumeModel.HOT_RUNS) {
        long from = Math.max(0, run[0] - 2) * (long) Geometry.BLOCK_BYTES;
        long to = Math.min(VolumeModel.BYTES, (run[0] + run[1] + 2L) * Geometry.BLOCK_BYTES);
        ranges.add(new long[] {from, to - from});
      }
    }
  }

  boolean isDone() {
    return done;
  }

  void begin() {
    cluster
        .world()
        .hear(
            life.opener().open(model.name(), AccessMode.EXCLUSIVE),
            (volume, failure) -> {
              if (failure == null) {
                model.opened(volume.attachment());
                read(volume, 0);
              } else {
                if (VolumeUser.codeOf(failure) == ErrorCode.ATTACHED_ELSEWHERE) {
                  fence();
                }
                var _ = life.loop().schedule(Duration.ofMillis(300), this::begin);
              }
            });
  }

  private void fence() {
    var _ =
        life.admin()
            .info(model.name())
            .whenComplete((use, failure) -> {
              if (failure == null) {
                for (Attachment attachment : use.attachments()) {
                  // Its last requests may still be under way.
                  model.fences(attachment.id());
                  var _ = life.admin().fence(attachment.id());
                }
              }
            });
  }

  private void read(BlockVolume volume, int number) {
    if (number == ranges.size()) {
      cluster.world().trace("all of " + model.name() + " is read");
      done = true;
      return;
    }
    long[] range = ranges.get(number);
    byte[] bytes = new byte[(int) range[1]];
    VolumeModel.Request request =
        model.read(volume.attachment(), range[0], bytes.length, "last read");
    cluster
        .world()
        .hear(
            volume.read(range[0], ByteBuffer.wrap(bytes)),
            (nothing, failure) -> {
              if (failure != null) {
                throw new AssertionError("a last read failed", failure);
              }
              request.read(bytes);
              read(volume, number + 1);
            });
  }
}
