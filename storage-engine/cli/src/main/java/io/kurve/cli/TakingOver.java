package io.kurve.cli;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumeAdmin.VolumeUse;
import io.kurve.core.unit.Moment;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Whom a take-over means: who has the volume when it is asked for. Whoever gets it afterwards does
 * not lose it by the same command.
 */
public final class TakingOver {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private TakingOver() {}

  public static Set<AttachmentId> holders(
      VolumeAdmin volumes, String volume, Predicate<Attachment> which, Consumer<String> progress) {
    VolumeUse use = Connections.await(volumes.info(volume), LIMIT, "the MDS");
    if (use.volume().shared()) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          "volume "
              + volume
              + " is shared: hosts have it beside each other, and none takes it over",
          "attach it without --take-over");
    }
    Set<AttachmentId> holders = new TreeSet<>();
    use.attachments().stream()
        .filter(which)
        .forEach(holder -> {
          progress.accept(
              "taking "
                  + volume
                  + " over from host "
                  + holder.host()
                  + ", which has it since "
                  + Moment.toHuman(holder.since())
                  + " ("
                  + holder.id()
                  + ") ...");
          holders.add(holder.id());
        });
    return holders;
  }
}
