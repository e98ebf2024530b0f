package io.kurve.mds.repair;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.metadata.ChunkserverReport.CopysetReport;
import io.kurve.core.metadata.ClusterInspection.DiskState;
import io.kurve.mds.leadership.Decision;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.leadership.Patience;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.record.StoredRecord.MoveRecord;
import io.kurve.mds.record.StoredRecord.MoveStep;
import io.kurve.mds.record.StoredRecord.RetiredRecord;
import io.kurve.mds.state.Change;
import io.kurve.mds.state.Versioned;
import io.kurve.mds.topology.Heartbeats;
import io.kurve.mds.topology.MetastoreBehind;
import io.kurve.mds.topology.Presence;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries moves of replicas out.
 *
 * <pre>
 *   begin    one transaction: the move's record, and the new replica among the copyset's learners,
 *            which promises its space
 *   CREATE   the new disk makes an empty replica that gives no vote
 *   LEARN    the leader makes it a learner; it installs a checkpoint and follows the log
 *   SWAP     the leader changes {A B C} to {A B D} by a joint change
 *   end      one transaction: the voters, the move's record removed, a tombstone for the old replica
 *   BACK     instead, when the new disk is dead: the leader confirms {A B C}, and the end's tombstone
 *            is the new replica's
 *   purge    whenever the old disk is heard of, it is told to remove the replica; then the tombstone
 *            goes, too
 * </pre>
 *
 * <p>Each step is a command that can come twice, so a new leader of the MDS begins with the step
 * that the record names. No tombstone is written before the group itself has committed that the
 * replica is no member: what was heard of it may be old.
 */
public final class Moves {
  private static final Logger LOG = LoggerFactory.getLogger(Moves.class);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final long CAUGHT_UP_ENTRIES = 500;

  private final Office office;
  private final Presence presence;
  private final Heartbeats heartbeats;
  private final MetastoreBehind behind;
  private final ChunkserverCommands commands;
  private final RepairPolicy policy;
  private final Set<String> running = new TreeSet<>();
  private final Map<CopysetId, String> lastFailures = new TreeMap<>();
  private MovePlanner.Plan plan = new MovePlanner.Plan(List.of(), 0, Map.of());
  private long ended;
  private long firstBeganNanos;

  public Moves(
      Office office,
      Presence presence,
      Heartbeats heartbeats,
      MetastoreBehind behind,
      ChunkserverCommands commands,
      RepairPolicy policy) {
    this.office = office;
    this.presence = presence;
    this.heartbeats = heartbeats;
    this.behind = behind;
    this.commands = commands;
    this.policy = policy;
  }

  /** Once the image is there. */
  public void start() {
    look();
  }

  private void look() {
    if (office.gate().ended()) {
      return;
    }
    if (presence.gathered() && behind.found().isEmpty()) {
      plan = MovePlanner.plan(office.image(), new Heard(), free());
      if (!plan.proposals().isEmpty()) {
        alone("plan", this::begin);
      }
      office.image().moves().values().forEach(move -> alone(move.key(), () -> step(move)));
      office.image().copysets().values().forEach(this::dropStrayLearner);
      office.image().retired().forEach(this::purgeIfHeard);
    }
    var _ = office.loop().schedule(LOOK, this::look);
  }

  private int free() {
    return Math.max(0, policy.movesAtOnce() - office.image().moves().size());
  }

  /** One at a time of each name; what fails is tried again with the next look. */
  private void alone(String name, Supplier<CompletionStage<?>> work) {
    if (!running.add(name)) {
      return;
    }
    office.background(work.get().whenComplete((_, _) -> running.remove(name)));
  }

  // ---- begin and end

  private CompletionStage<?> begin() {
    return office
        .gate()
        .write(() -> {
          List<Change> changes = new ArrayList<>();
          for (MovePlanner.Proposal proposal :
              MovePlanner.plan(office.image(), new Heard(), free()).proposals()) {
            changes.addAll(beginning(proposal));
          }
          return new Decision<>(changes, () -> changes.size());
        });
  }

  private List<Change> beginning(MovePlanner.Proposal proposal) {
    CopysetRecord copyset = proposal.copyset();
    if (ended == 0 && office.image().moves().isEmpty()) {
      firstBeganNanos = office.loop().nanoTime();
    }
    LOG.info(
        "{}: its replica moves from {} to {}: {}",
        copyset.copyset(),
        proposal.leaving(),
        proposal.joining(),
        proposal.why());
    List<Change> changes =
        new ArrayList<>(heartbeats.forget(proposal.joining(), copyset.copyset()));
    changes.add(
        new Change.Put(
            new CopysetRecord(
                copyset.copyset(),
                new Membership(copyset.membership().voters(), List.of(proposal.joining())),
                copyset.preferredLeader(),
                copyset.epoch())));
    changes.add(
        new Change.Put(
            new MoveRecord(
                copyset.copyset().id(),
                proposal.leaving(),
                proposal.joining(),
                MoveStep.CREATE,
                proposal.why(),
                office.now())));
    return changes;
  }

  private CompletionStage<Boolean> end(MoveRecord move, boolean done) {
    return office
        .gate()
        .write(() -> {
          CopysetRecord copyset = office.image().copysets().get(move.copyset());
          if (copyset == null || !move.equals(office.image().moves().get(move.copyset()))) {
            return Decision.reply(false);
          }
          ReplicaId gone = done ? move.leaving() : move.joining();
          ChunkserverId preferred =
              done && copyset.preferredLeader().equals(gone.chunkserver())
                  ? move.joining().chunkserver()
                  : copyset.preferredLeader();
          Membership voters = done ? after(copyset, move) : before(copyset);
          return new Decision<>(
              List.of(
                  new Change.Put(
                      new CopysetRecord(
                          copyset.copyset(), voters, preferred, copyset.epoch() + (done ? 1 : 0))),
                  new Change.Remove(move),
                  new Change.Put(new RetiredRecord(copyset.copyset(), gone))),
              () -> true);
        })
        .thenApply(written -> {
          lastFailures.remove(move.copyset());
          ended += done && written ? 1 : 0;
          LOG.info(
              "{}: the move of its replica to {} is {}",
              move.copyset(),
              move.joining(),
              done ? "done" : "taken back");
          return written;
        });
  }

  private static Membership before(CopysetRecord copyset) {
    return Membership.ofVoters(copyset.membership().voters());
  }

  private static Membership after(CopysetRecord copyset, MoveRecord move) {
    List<ReplicaId> voters = new ArrayList<>(copyset.membership().voters());
    voters.remove(move.leaving());
    voters.add(move.joining());
    return Membership.ofVoters(voters);
  }

  // ---- the steps between

  private CompletionStage<?> step(MoveRecord move) {
    CopysetRecord copyset = office.image().copysets().get(move.copyset());
    if (copyset == null) {
      return done();
    }
    if (move.step() != MoveStep.BACK && shouldBeTakenBack(move, copyset)) {
      return put(move, MoveStep.BACK);
    }
    CompletionStage<Boolean> step =
        switch (move.step()) {
          case CREATE -> create(move, copyset);
          case LEARN -> learn(move, copyset);
          case SWAP -> swap(move, copyset);
          case BACK -> back(move, copyset);
        };
    return step.whenComplete((_, failure) -> {
      if (failure != null) {
        lastFailures.put(move.copyset(), text(failure));
      }
    });
  }

  private CompletionStage<Boolean> create(MoveRecord move, CopysetRecord copyset) {
    return soon(commands.createCopyset(
            move.joining(),
            office.authority(),
            copyset.copyset(),
            new Membership(List.of(), List.of(move.joining()))))
        .thenCompose(_ -> put(move, MoveStep.LEARN));
  }

  private CompletionStage<Boolean> learn(MoveRecord move, CopysetRecord copyset) {
    return change(copyset, copyset.membership())
        .thenCompose(_ -> hasCaughtUp(move, copyset) ? put(move, MoveStep.SWAP) : done());
  }

  private CompletionStage<Boolean> swap(MoveRecord move, CopysetRecord copyset) {
    Membership after = after(copyset, move);
    return change(copyset, after)
        .exceptionallyCompose(_ ->
            // The leader before may have died when the learner had given its place up.
            isVoter(move.joining(), copyset)
                ? change(copyset, after)
                : change(copyset, copyset.membership()).thenCompose(_ -> change(copyset, after)))
        .thenCompose(_ -> end(move, true));
  }

  private CompletionStage<Void> change(CopysetRecord copyset, Membership wanted) {
    Optional<ReplicaId> leader = presence.leader(copyset);
    if (leader.isEmpty()) {
      return failed(copyset + " has no leader");
    }
    return soon(
        commands.changeMembership(leader.get(), office.authority(), copyset.copyset(), wanted));
  }

  private boolean hasCaughtUp(MoveRecord move, CopysetRecord copyset) {
    Optional<CopysetReport> learner = presence.report(move.joining(), move.copyset());
    Optional<CopysetReport> leader =
        presence.leader(copyset).flatMap(found -> presence.report(found, move.copyset()));
    return isOnRecord(move.joining(), copyset)
        && learner.isPresent()
        && leader.isPresent()
        && !learner.get().installing()
        && learner.get().appliedIndex() > 0
        && leader.get().appliedIndex() - learner.get().appliedIndex() < CAUGHT_UP_ENTRIES;
  }

  /** From then on it is known for sure when the disk loses its memory (rule 11). */
  private boolean isOnRecord(ReplicaId replica, CopysetRecord copyset) {
    return office
        .image()
        .durable(replica.chunkserver())
        .filter(record -> record.durableIndexes().containsKey(copyset.copyset()))
        .isPresent();
  }

  private boolean isVoter(ReplicaId replica, CopysetRecord copyset) {
    return presence
        .leader(copyset)
        .flatMap(leader -> presence.report(leader, copyset.copyset().id()))
        .filter(report -> report.membership().voters().contains(replica))
        .isPresent();
  }

  /** It may turn out that the joint change has happened: then there is no way back. */
  private CompletionStage<Boolean> back(MoveRecord move, CopysetRecord copyset) {
    return change(copyset, before(copyset))
        .handle((_, failure) -> failure)
        .thenCompose(failure -> {
          if (failure == null) {
            return end(move, false);
          }
          return isVoter(move.joining(), copyset)
              ? put(move, MoveStep.SWAP)
              : CompletableFuture.failedStage(failure);
        });
  }

  /** The new disk is dead, too. */
  private boolean shouldBeTakenBack(MoveRecord move, CopysetRecord copyset) {
    boolean usable =
        office
            .image()
            .chunkserver(move.joining().chunkserver())
            .filter(disk -> new Heard().leave(disk).isEmpty())
            .isPresent();
    return !usable && presence.leader(copyset).isPresent() && !isVoter(move.joining(), copyset);
  }

  private CompletionStage<Boolean> put(MoveRecord move, MoveStep step) {
    lastFailures.remove(move.copyset());
    return office
        .gate()
        .write(() ->
            move.equals(office.image().moves().get(move.copyset()))
                ? new Decision<>(List.of(new Change.Put(move.at(step))), () -> true)
                : Decision.reply(false));
  }

  // ---- what is left of old replicas

  /** Of a move that was taken back. */
  private void dropStrayLearner(CopysetRecord copyset) {
    boolean stray =
        !office.image().moves().containsKey(copyset.copyset().id())
            && presence
                .leader(copyset)
                .flatMap(leader -> presence.report(leader, copyset.copyset().id()))
                .map(CopysetReport::membership)
                .filter(now -> now.voters().equals(copyset.membership().voters()))
                .filter(now -> !now.learners().isEmpty())
                .isPresent();
    if (stray) {
      alone(copyset.key(), () -> change(copyset, copyset.membership()));
    }
  }

  private void purgeIfHeard(Versioned<RetiredRecord> retired) {
    RetiredRecord record = retired.record();
    if (office.image().belongs(record.replica(), record.copyset())) {
      return;
    }
    if (presence.live(record.replica())
        && presence.report(record.replica().chunkserver()).isPresent()) {
      alone(
          record.key(),
          () ->
              soon(commands.purgeReplica(
                      record.replica(), office.authority(), record.copyset(), retired.revision()))
                  .thenCompose(_ -> forget(retired)));
    }
  }

  private CompletionStage<Boolean> forget(Versioned<RetiredRecord> retired) {
    return office
        .gate()
        .write(() ->
            office.image().retired().contains(retired)
                ? new Decision<>(List.of(new Change.Remove(retired.record())), () -> true)
                : Decision.reply(false));
  }

  // ---- for people

  /** Replicas that have to go, and how that goes on; empty when none has. */
  public Optional<String> progress() {
    int left = plan.waiting();
    if (left == 0 && office.image().moves().isEmpty()) {
      return Optional.empty();
    }
    String text =
        "%d replicas are to be rebuilt on other disks, %d of them now; %d are done"
            .formatted(
                Math.max(left, office.image().moves().size()),
                office.image().moves().size(),
                ended);
    if (ended > 0) {
      long each = (office.loop().nanoTime() - firstBeganNanos) / ended;
      text += ", the rest takes about " + Duration.ofNanos(each * left).toSeconds() + " s";
    }
    return Optional.of(
        text
            + lastFailures.entrySet().stream()
                .findFirst()
                .map(entry -> "; " + entry.getKey() + " tries again: " + entry.getValue())
                .orElse(""));
  }

  /** Copysets one replica of which has to go and finds no disk, and why. */
  public Map<CopysetId, String> stuck() {
    return plan.stuck();
  }

  private <T> CompletionStage<T> soon(CompletionStage<T> answer) {
    return Patience.within(
        office.loop(),
        office.timings().deadline(),
        onLoop(answer),
        () -> new KurveException(ErrorCode.DEADLINE_EXCEEDED, "no answer in time", "try again"));
  }

  private <T> CompletionStage<T> onLoop(CompletionStage<T> answer) {
    return answer.whenCompleteAsync((_, _) -> {}, office.loop());
  }

  private static CompletionStage<Void> failed(String why) {
    return CompletableFuture.failedStage(
        new KurveException(ErrorCode.UNAVAILABLE, why, "try again"));
  }

  private static CompletionStage<Boolean> done() {
    return CompletableFuture.completedStage(true);
  }

  private static String text(Throwable failure) {
    Throwable cause = Office.cause(failure);
    return cause instanceof KurveException known ? known.text() : cause.toString();
  }

  /** The disks as this leader of the MDS has heard of them. */
  private final class Heard implements MovePlanner.View {
    @Override
    public Optional<String> leave(ChunkserverRecord disk) {
      DiskState state = presence.state(disk);
      boolean silent = presence.silence(disk.id()).compareTo(policy.grace()) >= 0;
      Optional<String> drained =
          isDrained(disk) ? Optional.of(disk.diskName() + " is to be emptied") : Optional.empty();
      return switch (state) {
        case ONLINE, UNSTABLE -> drained;
        case OFFLINE, UNCONFIRMED ->
            silent
                ? Optional.of(
                    disk.diskName() + " is gone for more than " + policy.grace().toSeconds() + " s")
                : drained;
        case FAILED -> Optional.of(disk.diskName() + " failed");
      };
    }

    private boolean isDrained(ChunkserverRecord disk) {
      return office.image().drains().containsKey(disk.id());
    }

    @Override
    public boolean takes(ChunkserverRecord disk) {
      return presence.state(disk) == DiskState.ONLINE
          && presence.beats(disk.replica())
          && !isDrained(disk);
    }

    @Override
    public boolean serves(ReplicaId replica, CopysetId copyset) {
      return presence.serves(replica, copyset);
    }

    @Override
    public int slotsInUse(ChunkserverRecord disk) {
      return presence.slotsInUse(disk);
    }
  }
}
