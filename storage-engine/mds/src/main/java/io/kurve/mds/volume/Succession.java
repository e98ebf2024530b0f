package io.kurve.mds.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.MetadataService.Opened;
import io.kurve.core.metadata.TakeOver;
import io.kurve.mds.leadership.Decision;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.leadership.Patience;
import io.kurve.mds.record.StoredRecord.AttachmentsRecord;
import io.kurve.mds.record.StoredRecord.Holding;
import io.kurve.mds.record.StoredRecord.IdKind;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import io.kurve.mds.state.Change;
import io.kurve.mds.state.Ids;
import io.kurve.mds.topology.MetastoreBehind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who gets a volume, and when.
 *
 * <pre>
 *   nobody is in the way ------------------------------------------------> in the record: yours
 *   who is in the way may be taken over (silent, or named)
 *       --(1) one transaction: they are FENCING, the new one is in the record
 *       --(2) Fencing: all copysets ever granted admit the new one and none of them
 *       --(3) they are gone from the record -----------------------------> yours
 *   else: refused, naming the holder
 * </pre>
 *
 * The new one's id is told to nobody before (3), so nobody can use it earlier. Whoever asks again
 * under the same request id, here or at the next leader, finds the new one and waits for the rest;
 * should nobody ask again, the fences go on all the same.
 */
public final class Succession {
  private static final Logger LOG = LoggerFactory.getLogger(Succession.class);

  private final Office office;
  private final Volumes volumes;
  private final AttachmentLeases leases;
  private final Fencing fencing;
  private final MetastoreBehind behind;

  public Succession(
      Office office,
      Volumes volumes,
      AttachmentLeases leases,
      Fencing fencing,
      MetastoreBehind behind) {
    this.office = office;
    this.volumes = volumes;
    this.leases = leases;
    this.fencing = fencing;
    this.behind = behind;
  }

  /** Who asks, under which id, for what. */
  record Asked(String host, String requestId, AccessMode mode, TakeOver takeOver) {}

  CompletionStage<Opened> open(String volumeName, Asked asked) {
    VolumeRules.label("a host's name", asked.host());
    VolumeRules.label("a request id", asked.requestId());
    return office
        .gate()
        .write(() -> decide(volumeName, asked))
        .thenCompose(opened -> {
          leases.renew(opened.attachment());
          return alone(opened);
        });
  }

  private Decision<Opened> decide(String volumeName, Asked asked) {
    asked.takeOver().named().forEach(behind::check);
    VolumeRecord volume = volumes.active(volumeName);
    if (asked.mode() == AccessMode.SHARED && !volume.shared()) {
      throw VolumeRules.invalid(
          "volume " + volumeName + " is not shared", "open it exclusively, or make a shared one");
    }
    AttachmentsRecord record = office.image().attachments(volume.id()).record();
    Optional<Holding> own =
        record.holdings().stream()
            .filter(holding ->
                holding.requestId().equals(asked.requestId())
                    && holding.host().equals(asked.host()))
            .findFirst();
    if (own.isPresent()) {
      if (own.get().fencing()) {
        throw Attachments.fenced(own.get().id());
      }
      return Decision.reply(opened(volume, own.get().id()));
    }
    List<Holding> holdings = new ArrayList<>();
    for (Holding holding : record.holdings()) {
      boolean inTheWay = isInTheWay(holding, asked.mode());
      if (inTheWay && !mayTake(holding, asked.takeOver())) {
        throw elsewhere(volume, holding);
      }
      holdings.add(inTheWay && !holding.fencing() ? holding.nowFencing() : holding);
    }
    Ids.Taken id = office.ids().take(IdKind.ATTACHMENT, 1);
    AttachmentId attachment = new AttachmentId(id.first());
    holdings.add(
        new Holding(
            attachment, asked.host(), asked.requestId(), asked.mode(), office.now(), false));
    List<Change> changes = new ArrayList<>(id.changes());
    changes.add(new Change.Put(new AttachmentsRecord(volume.id(), holdings)));
    return new Decision<>(
        changes,
        () -> {
          record.holdings().stream()
              .filter(holding -> isInTheWay(holding, asked.mode()))
              .forEach(holding -> logTakeOver(volume, holding, attachment, asked.host()));
          return opened(volume, attachment);
        });
  }

  private static boolean isInTheWay(Holding holding, AccessMode mode) {
    return mode == AccessMode.EXCLUSIVE || holding.mode() == AccessMode.EXCLUSIVE;
  }

  private boolean mayTake(Holding holding, TakeOver takeOver) {
    return takeOver.named().contains(holding.id())
        || (takeOver.silent() && (holding.fencing() || leases.expired(holding.id())));
  }

  private KurveException elsewhere(VolumeRecord volume, Holding holding) {
    return new KurveException(
        ErrorCode.ATTACHED_ELSEWHERE,
        "volume "
            + volume.name()
            + " is attached: "
            + Volumes.holder(leases.describe(volume, holding)),
        "detach it there; if that host is dead or cut off, attach again when its lease is over ("
            + office.timings().attachmentLease().toSeconds()
            + " s after it was last heard of), or at once with `kurve volume attach "
            + volume.name()
            + " --host H --take-over`");
  }

  private void logTakeOver(
      VolumeRecord volume, Holding from, AttachmentId attachment, String host) {
    LOG.warn(
        "volume {}: host {} takes it over as {}: {}",
        volume.name(),
        host,
        attachment,
        Volumes.holder(leases.describe(volume, from)));
  }

  private Opened opened(VolumeRecord volume, AttachmentId attachment) {
    return new Opened(
        office.image().describe(volume), attachment, office.timings().attachmentLease());
  }

  /** Ends when all that it was taken over from are fenced. */
  private CompletionStage<Opened> alone(Opened opened) {
    List<AttachmentId> before = inTheWay(opened);
    if (before.isEmpty()) {
      return office.gate().read(() -> checked(opened));
    }
    CompletableFuture<Void> fenced =
        CompletableFuture.allOf(
            before.stream()
                .map(id -> fencing.carryOn(id).toCompletableFuture())
                .toArray(CompletableFuture[]::new));
    return Patience.within(
            office.loop(), office.timings().deadline(), fenced, () -> late(opened, before))
        .thenCompose(_ -> office.gate().read(() -> checked(opened)));
  }

  /** Who is being fenced and could still do harm. */
  private List<AttachmentId> inTheWay(Opened opened) {
    Optional<Holding> own = holding(opened);
    return own.isEmpty()
        ? List.of()
        : holdings(opened.volume().id()).stream()
            .filter(holding -> holding.fencing() && !holding.id().equals(opened.attachment()))
            .filter(holding -> isInTheWay(holding, own.get().mode()))
            .map(Holding::id)
            .toList();
  }

  /** It may have been taken over itself while it waited. */
  private Opened checked(Opened opened) {
    if (holding(opened).filter(holding -> !holding.fencing()).isEmpty()) {
      throw Attachments.fenced(opened.attachment());
    }
    List<AttachmentId> left = inTheWay(opened);
    if (!left.isEmpty()) {
      throw late(opened, left);
    }
    leases.renew(opened.attachment());
    return opened;
  }

  private Optional<Holding> holding(Opened opened) {
    return holdings(opened.volume().id()).stream()
        .filter(holding -> holding.id().equals(opened.attachment()))
        .findFirst();
  }

  private List<Holding> holdings(VolumeId volume) {
    return office.image().attachments(volume).record().holdings();
  }

  private KurveException late(Opened opened, List<AttachmentId> before) {
    return new KurveException(
        ErrorCode.UNAVAILABLE,
        "volume "
            + opened.volume().name()
            + " is being taken over, but "
            + before.getFirst()
            + " is not fenced yet: "
            + fencing.holdUp(before.getFirst()).orElse("its record")
            + " holds it up",
        "it goes on by itself when the copyset has a quorum; attach again to wait for it");
  }
}
