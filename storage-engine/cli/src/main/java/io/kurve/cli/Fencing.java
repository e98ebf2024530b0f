package io.kurve.cli;

import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.unit.Moment;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Takes a volume away from hosts that can't be asked to give it up. */
public final class Fencing {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private Fencing() {}

  /**
   * Fences a volume's attachments: their holders, should they live, get only errors from then on.
   *
   * @return whether there was one
   */
  public static boolean fence(
      VolumeAdmin volumes, String volume, Predicate<Attachment> which, Consumer<String> progress) {
    List<Attachment> holders =
        Connections.await(volumes.info(volume), LIMIT, "the MDS").attachments().stream()
            .filter(which)
            .toList();
    for (Attachment holder : holders) {
      progress.accept(
          "fencing what host "
              + holder.host()
              + " has had open of "
              + volume
              + " since "
              + Moment.toHuman(holder.since())
              + " ...");
      Connections.await(volumes.fence(holder.id()), LIMIT, "the MDS");
    }
    return !holders.isEmpty();
  }
}
