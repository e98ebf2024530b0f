package io.kurve.mds.volume;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.time.EventLoop;
import io.kurve.mds.leadership.Decision;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.AttachmentsRecord;
import io.kurve.mds.record.StoredRecord.Holding;
import io.kurve.mds.state.Change;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes attachments away, in the order that keeps data.
 *
 * <pre>
 *   OPEN --(1) one transaction--> FENCING --(2) grants without it on every copyset ever
 *    granted, each committed there, and its holder has forgotten what it was told is not
 *    mapped--> (3) removed from the record: FENCED, for good
 * </pre>
 *
 * From (1) on its look-ups and allocations are refused; until (3) nobody else gets the volume. All
 * of it resumes from the record after a restart.
 */
public final class Fencing {
  private static final Logger LOG = LoggerFactory.getLogger(Fencing.class);

  private final Office office;
  private final Grants grants;
  private final AttachmentLeases leases;
  private final Map<AttachmentId, CompletableFuture<Void>> underWay = new TreeMap<>();

  public Fencing(Office office, Grants grants, AttachmentLeases leases) {
    this.office = office;
    this.grants = grants;
    this.leases = leases;
  }

  /** Ends when the attachment is fenced; at once if it is already. */
  CompletionStage<Void> fence(AttachmentId attachment) {
    return office.gate().write(() -> decide(attachment)).thenCompose(_ -> carryOn(attachment));
  }

  /** Goes on with all that the records say is being fenced. */
  public void resume() {
    for (VolumeId volume : List.copyOf(office.image().volumes().keySet())) {
      office.image().attachments(volume).record().holdings().stream()
          .filter(Holding::fencing)
          .forEach(holding -> office.background(carryOn(holding.id())));
    }
  }

  /** Why it takes longer: the copyset that has not committed it yet. */
  public Map<AttachmentId, String> holdUps() {
    Map<AttachmentId, String> holdUps = new LinkedHashMap<>();
    for (AttachmentId attachment : underWay.keySet()) {
      holdUp(attachment).ifPresent(why -> holdUps.put(attachment, why));
    }
    return holdUps;
  }

  Optional<String> holdUp(AttachmentId attachment) {
    return office
        .image()
        .volumeOf(attachment)
        .flatMap(volume -> grants.holdUp(volume, office.image().everGranted(volume)));
  }

  private Decision<Boolean> decide(AttachmentId attachment) {
    Optional<VolumeId> volume = office.image().volumeOf(attachment);
    if (volume.isEmpty()) {
      return Decision.reply(false);
    }
    AttachmentsRecord record = office.image().attachments(volume.get()).record();
    List<Holding> holdings = new ArrayList<>();
    boolean changed = false;
    for (Holding holding : record.holdings()) {
      boolean now = holding.id().equals(attachment) && !holding.fencing();
      changed |= now;
      holdings.add(now ? holding.nowFencing() : holding);
    }
    return changed
        ? new Decision<>(
            List.of(new Change.Put(new AttachmentsRecord(record.volume(), holdings))), () -> true)
        : Decision.reply(true);
  }

  /** Ends when it is fenced; the record says already that it is being fenced. */
  CompletionStage<Void> carryOn(AttachmentId attachment) {
    Optional<VolumeId> volume = office.image().volumeOf(attachment);
    if (volume.isEmpty()) {
      return CompletableFuture.completedStage(null);
    }
    CompletableFuture<Void> running = underWay.get(attachment);
    if (running != null) {
      return running;
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    underWay.put(attachment, done);
    List<CopysetId> copysets = List.copyOf(office.image().everGranted(volume.get()));
    office.background(
        grants
            .ensure(volume.get(), copysets)
            .thenCompose(_ -> untilNotMappedIsForgotten(attachment))
            .thenCompose(_ -> office.gate().write(() -> remove(volume.get(), attachment)))
            .whenComplete((_, failure) -> {
              underWay.remove(attachment);
              leases.forget(attachment);
              if (failure == null) {
                boolean _ = done.complete(null);
              } else {
                LOG.warn("fencing {} stopped: {}", attachment, failure.toString());
                boolean _ = done.completeExceptionally(failure);
              }
            }));
    return done;
  }

  /** What is not mapped it reads as zeros without asking a copyset, so no grant refuses it. */
  private CompletionStage<Void> untilNotMappedIsForgotten(AttachmentId attachment) {
    CompletableFuture<Void> forgotten = new CompletableFuture<>();
    EventLoop.Timer _ =
        office
            .loop()
            .schedule(
                leases.untilNotMappedIsForgotten(attachment),
                () -> {
                  boolean _ = forgotten.complete(null);
                });
    return forgotten;
  }

  private Decision<Boolean> remove(VolumeId volume, AttachmentId attachment) {
    AttachmentsRecord record = office.image().attachments(volume).record();
    List<Holding> left =
        record.holdings().stream().filter(h -> !h.id().equals(attachment)).toList();
    return left.size() == record.holdings().size()
        ? Decision.reply(false)
        : new Decision<>(List.of(new Change.Put(new AttachmentsRecord(volume, left))), () -> true);
  }
}
