package io.kurve.testkit.raft;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ProposalListener;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.log.ReplicaStatus;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedStateMachine;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import io.kurve.core.log.ReplicatedStateMachine.CheckpointImage;
import io.kurve.core.time.EventLoop;
import io.kurve.testkit.world.SimNetwork;
import io.kurve.testkit.world.SimProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One replica of a simulated log.
 *
 * <pre>
 *   propose ──> entries ──own sync──> durable ─┐  a majority is durable,
 *                  │ append message            ├─ in this term          ──> committed ──> applied
 *                  └──> follower ──its sync────┘                              (late, in steps)
 *
 *   election    at any event, in one step over all that are reached: a majority that has nothing
 *               newer and heard no leader for a while gives a term of its own
 *   old leader  goes on to believe that it leads until somebody tells it, or a majority has been
 *               silent for long; it can commit nothing, and its lease, counted from when answered
 *               messages were sent, ends before another leads
 *   install     a follower that lacks what the leader has dropped takes a checkpoint, in a fiber
 * </pre>
 */
public final class SimReplicatedLog<R> implements ReplicatedLog<R> {
  private static final Duration HEARTBEAT = Duration.ofMillis(150);
  static final Duration ELECTION_TIMEOUT = Duration.ofMillis(1000);
  private static final int MAX_BATCH = 16;
  private static final int MAX_PENDING = 256;

  private final SimRaft raft;
  private final SimReplicatedLogs logs;
  private final EventLoop loop;
  private final ReplicaId self;
  private final CopysetKey copyset;
  private final KeptLog kept;
  private final ReplicatedStateMachine<R> machine;

  private LogPosition base;
  private final List<LogEntry> entries = new ArrayList<>();
  private long durableIndex;
  private long commitIndex;
  private long appliedIndex;
  private long term;
  private ReplicaStatus.Role role = ReplicaStatus.Role.FOLLOWER;
  private Optional<ReplicaId> leader = Optional.empty();
  private long lastHeardNanos;
  private boolean applyScheduled;
  private boolean checkpointing;
  private long lastCheckpointIndex;
  private boolean closed;

  /** Only while it leads. */
  private final Map<ReplicaId, Follower> followers = new TreeMap<>();

  private final TreeMap<Long, ProposalListener<R>> pending = new TreeMap<>();
  private long firstOfTerm;
  private boolean announced;
  private boolean leaseGivenUp;
  private @Nullable CompletableFuture<Void> transfer;
  private long leadsSinceNanos;
  private boolean replicateScheduled;

  private static final class Follower {
    private long next;
    private long match;
    private long answeredSentNanos = Long.MIN_VALUE;
  }

  private record Append(
      long term,
      ReplicaId from,
      long previousIndex,
      long previousTerm,
      List<LogEntry> entries,
      long commit,
      long sentNanos) {}

  SimReplicatedLog(
      SimRaft raft,
      SimReplicatedLogs logs,
      CopysetKey copyset,
      KeptLog kept,
      ReplicatedStateMachine<R> machine) {
    this.raft = raft;
    this.logs = logs;
    this.loop = logs.loop();
    this.self = logs.self();
    this.copyset = copyset;
    this.kept = kept;
    this.machine = machine;
    this.term = kept.term();
    this.base = kept.base();
    this.entries.addAll(kept.entries());
    LogPosition restored = machine.restored().at();
    if (restored.index() < base.index()) {
      throw new AssertionError(
          "%s of %s restores %s and its log begins after %s: a checkpoint was lost"
              .formatted(self.chunkserver(), copyset, restored, base));
    }
    if (restored.index() > lastIndex() || termAt(restored.index()) != restored.term()) {
      resetTo(restored);
    }
    durableIndex = lastIndex();
    commitIndex = restored.index();
    appliedIndex = restored.index();
    lastHeardNanos = loop.nanoTime();
  }

  void start() {
    electionLater();
  }

  /** The process is dead: what was not synced may be torn off. */
  void die() {
    closed = true;
    kept.tear(base, entries, raft.random());
    pending.clear();
  }

  long bytes() {
    long bytes = 0;
    for (LogEntry entry : entries) {
      byte @Nullable [] command = entry.command();
      bytes += command == null ? 0 : command.length;
    }
    return bytes;
  }

  private long lastIndex() {
    return base.index() + entries.size();
  }

  private LogEntry entry(long index) {
    return entries.get((int) (index - base.index() - 1));
  }

  private long termAt(long index) {
    if (index == base.index()) {
      return base.term();
    }
    return index > lastIndex() || index < base.index() ? -1 : entry(index).term();
  }

  private void resetTo(LogPosition position) {
    entries.clear();
    base = position;
    kept.keep(base, entries);
    durableIndex = position.index();
  }

  // ---- elections

  private void electionLater() {
    long millis = ELECTION_TIMEOUT.toMillis() + raft.random().nextLong(ELECTION_TIMEOUT.toMillis());
    var _ =
        loop.schedule(
            Duration.ofMillis(millis),
            () -> {
              if (!closed) {
                if (role == ReplicaStatus.Role.FOLLOWER && heardNobody()) {
                  leader = Optional.empty();
                  stand(false);
                }
                electionLater();
              }
            });
  }

  private boolean heardNobody() {
    return loop.nanoTime() - lastHeardNanos >= ELECTION_TIMEOUT.toNanos();
  }

  /** Tries to become leader now, at whatever moment this is. */
  public void stand() {
    loop.execute(() -> stand(false));
  }

  private void stand(boolean leaderGaveUp) {
    if (closed || role != ReplicaStatus.Role.FOLLOWER || !machine.mayVote()) {
      return;
    }
    syncNow();
    List<SimReplicatedLog<?>> votes = new ArrayList<>();
    long highest = term;
    SimProcess here = logs.process();
    for (ReplicaId voter : kept.membership().voters()) {
      SimReplicatedLog<?> other = voter.equals(self) ? this : raft.find(voter, copyset);
      if (other == null
          || (other != this && !raft.network().connected(here, other.logs.process()))) {
        continue;
      }
      highest = Math.max(highest, other.term);
      if (other == this || other.wouldVoteFor(this, leaderGaveUp)) {
        votes.add(other);
      }
    }
    if (votes.size() <= kept.membership().voters().size() / 2) {
      return;
    }
    long mine = highest + 1;
    votes.forEach(voter -> voter.voted(mine));
    var _ = loop.schedule(Duration.ofNanos(raft.random().nextLong(2_000_000)), () -> lead(mine));
  }

  private boolean wouldVoteFor(SimReplicatedLog<?> candidate, boolean leaderGaveUp) {
    if (closed || !machine.mayVote() || role == ReplicaStatus.Role.INSTALLING) {
      return false;
    }
    boolean leaseMayRun = role == ReplicaStatus.Role.LEADER ? !quorumIsSilent() : !heardNobody();
    if (leaseMayRun && !leaderGaveUp) {
      return false;
    }
    long theirs = candidate.termAt(candidate.lastIndex());
    long ours = termAt(lastIndex());
    return theirs > ours || (theirs == ours && candidate.lastIndex() >= lastIndex());
  }

  private boolean quorumIsSilent() {
    return loop.nanoTime() - leaseStartNanos() >= ELECTION_TIMEOUT.toNanos();
  }

  private void voted(long newTerm) {
    newTerm(newTerm);
    leader = Optional.empty();
    lastHeardNanos = loop.nanoTime();
  }

  private void newTerm(long newTerm) {
    if (newTerm < term) {
      throw new AssertionError("the term of " + self + " goes back");
    }
    term = newTerm;
    kept.term(newTerm);
    stopLeading();
  }

  private void stopLeading() {
    if (role != ReplicaStatus.Role.LEADER) {
      return;
    }
    role = ReplicaStatus.Role.FOLLOWER;
    announced = false;
    followers.clear();
    leader = Optional.empty();
    lastHeardNanos = loop.nanoTime();
    machine.notLeading();
    CompletableFuture<Void> handedOver = transfer;
    transfer = null;
    if (handedOver != null) {
      loop.execute(() -> handedOver.complete(null));
    }
    Map<Long, ProposalListener<R>> open = new TreeMap<>(pending);
    pending.clear();
    open.values()
        .forEach(listener ->
            loop.execute(() -> listener.ended(new Proposal.Unknown<>("it leads no more"))));
  }

  private void lead(long wonTerm) {
    if (closed || term != wonTerm || role != ReplicaStatus.Role.FOLLOWER || !machine.mayVote()) {
      return;
    }
    raft.leads(copyset, term, self);
    role = ReplicaStatus.Role.LEADER;
    leader = Optional.of(self);
    leaseGivenUp = false;
    leadsSinceNanos = loop.nanoTime();
    announced = false;
    for (ReplicaId member : kept.membership().voters()) {
      if (!member.equals(self)) {
        Follower follower = new Follower();
        follower.next = lastIndex() + 1;
        followers.put(member, follower);
      }
    }
    firstOfTerm = lastIndex() + 1;
    append(new LogEntry(term, null));
    heartbeat(term);
  }

  private void heartbeat(long inTerm) {
    if (closed || role != ReplicaStatus.Role.LEADER || term != inTerm) {
      return;
    }
    long heard = Math.max(leaseStartNanos(), leadsSinceNanos);
    if (loop.nanoTime() - heard >= ELECTION_TIMEOUT.multipliedBy(3).toNanos()) {
      stopLeading();
      return;
    }
    replicate();
    var _ = loop.schedule(HEARTBEAT, () -> heartbeat(inTerm));
  }

  // ---- appending

  @Override
  public void propose(ByteBuffer command, long expectedTerm, ProposalListener<R> listener) {
    if (closed || role != ReplicaStatus.Role.LEADER || term != expectedTerm) {
      loop.execute(
          () -> listener.ended(new Proposal.Rejected<>(leader, "it does not lead in that term")));
      return;
    }
    if (pending.size() >= MAX_PENDING || raft.happens(raft.nastiness().overload())) {
      loop.execute(() ->
          listener.ended(
              new Proposal.Rejected<>(
                  Optional.of(self), Proposal.Reason.OVERLOAD, "too much is under way")));
      return;
    }
    byte[] bytes = new byte[command.remaining()];
    command.duplicate().get(bytes);
    append(new LogEntry(term, bytes));
    long index = lastIndex();
    pending.put(index, listener);
    if (raft.happens(raft.nastiness().unknown())) {
      var _ =
          loop.schedule(Duration.ofNanos(raft.random().nextLong(3_000_000)), () -> forget(index));
    }
  }

  private void forget(long index) {
    ProposalListener<R> listener = pending.remove(index);
    if (listener != null) {
      listener.ended(new Proposal.Unknown<>("as the world will have it"));
      // Raft forgets proposals with its leadership only: some time later it does.
      long inTerm = term;
      var _ =
          loop.schedule(
              Duration.ofNanos(raft.random().nextLong(2_000_000_000)),
              () -> {
                if (term == inTerm) {
                  stopLeading();
                }
              });
    }
  }

  private void append(LogEntry entry) {
    entries.add(entry);
    syncLater(() -> {});
    if (!replicateScheduled) {
      replicateScheduled = true;
      var _ =
          loop.schedule(
              Duration.ofNanos(20_000 + raft.random().nextLong(200_000)),
              () -> {
                replicateScheduled = false;
                replicate();
              });
    }
  }

  private void syncLater(Runnable after) {
    long micros = 50 + raft.random().nextLong(300);
    if (raft.happens(raft.nastiness().slowSync())) {
      micros += raft.random().nextLong(500_000);
    }
    var _ =
        loop.schedule(
            Duration.ofNanos(micros * 1000),
            () -> {
              if (!closed && role != ReplicaStatus.Role.INSTALLING) {
                syncNow();
                after.run();
                advanceCommit();
                applyLater();
              }
            });
  }

  private void syncNow() {
    kept.keep(base, entries);
    durableIndex = lastIndex();
  }

  private void replicate() {
    if (closed || role != ReplicaStatus.Role.LEADER) {
      return;
    }
    followers.forEach(this::sendTo);
  }

  private void sendTo(ReplicaId to, Follower follower) {
    SimProcess there = raft.processOf(to);
    if (there == null) {
      return;
    }
    SimProcess here = logs.process();
    long sentNanos = loop.nanoTime();
    long now = term;
    if (follower.next <= base.index()) {
      Checkpoint newest = machine.restored();
      var _ =
          raft.network()
              .send(
                  here,
                  there,
                  SimNetwork.Kind.ONCE,
                  copyset + " install",
                  () ->
                      onPeer(
                          to,
                          peer ->
                              peer.wanted(
                                  new Append(now, self, 0, 0, List.of(), 0, sentNanos), newest)));
      return;
    }
    long previous = follower.next - 1;
    int count = (int) Math.min(MAX_BATCH, lastIndex() - previous);
    int from = (int) (previous - base.index());
    Append append =
        new Append(
            term,
            self,
            previous,
            termAt(previous),
            List.copyOf(entries.subList(from, from + count)),
            commitIndex,
            sentNanos);
    var _ =
        raft.network()
            .send(
                here,
                there,
                SimNetwork.Kind.DOUBLED,
                copyset + " append",
                () -> onPeer(to, peer -> peer.onAppend(append)));
  }

  private void onPeer(ReplicaId peer, Consumer<SimReplicatedLog<?>> action) {
    SimReplicatedLog<?> found = raft.find(peer, copyset);
    if (found != null && !found.closed) {
      action.accept(found);
    }
  }

  private void onAppend(Append append) {
    if (append.term < term) {
      answer(append, false, 0);
      return;
    }
    hear(append.term, append.from);
    if (role == ReplicaStatus.Role.INSTALLING || !machine.mayVote()) {
      if (role != ReplicaStatus.Role.INSTALLING && logs.confirmed()) {
        answer(append, false, -1);
      }
      return;
    }
    if (append.previousIndex < base.index()) {
      answer(append, true, Math.min(commitIndex, durableIndex));
      return;
    }
    if (termAt(append.previousIndex) != append.previousTerm) {
      answer(append, false, Math.min(lastIndex(), append.previousIndex - 1));
      return;
    }
    long index = append.previousIndex;
    for (LogEntry entry : append.entries) {
      index++;
      if (index <= lastIndex() && entry(index).equals(entry)) {
        continue;
      }
      if (index <= lastIndex()) {
        if (index <= commitIndex) {
          throw new AssertionError(self + " would cut the committed entry " + index);
        }
        entries.subList((int) (index - base.index() - 1), entries.size()).clear();
        durableIndex = Math.min(durableIndex, lastIndex());
      }
      entries.add(entry);
    }
    long match = index;
    commitIndex = Math.max(commitIndex, Math.min(append.commit, match));
    if (match > durableIndex) {
      syncLater(() -> answer(append, true, Math.min(match, durableIndex)));
    } else {
      answer(append, true, match);
      applyLater();
    }
  }

  private void hear(long heardTerm, ReplicaId from) {
    if (heardTerm > term) {
      newTerm(heardTerm);
    }
    if (role == ReplicaStatus.Role.LEADER) {
      throw new AssertionError(copyset + " has two leaders in term " + term);
    }
    leader = Optional.of(from);
    lastHeardNanos = loop.nanoTime();
  }

  private void answer(Append append, boolean fits, long index) {
    SimProcess there = raft.processOf(append.from);
    if (there == null) {
      return;
    }
    long now = term;
    var _ =
        raft.network()
            .send(
                logs.process(),
                there,
                SimNetwork.Kind.DOUBLED,
                copyset + (fits ? " has" : " lacks"),
                () -> onPeer(append.from, peer -> peer.onAnswer(self, now, append, fits, index)));
  }

  private void onAnswer(ReplicaId from, long theirTerm, Append append, boolean fits, long index) {
    if (theirTerm > term) {
      newTerm(theirTerm);
      return;
    }
    Follower follower = followers.get(from);
    if (role != ReplicaStatus.Role.LEADER || append.term != term || follower == null) {
      return;
    }
    if (fits) {
      follower.answeredSentNanos = Math.max(follower.answeredSentNanos, append.sentNanos);
      follower.match = Math.max(follower.match, Math.min(index, lastIndex()));
      follower.next = Math.max(follower.next, follower.match + 1);
      if (follower.next <= lastIndex() && index >= append.previousIndex) {
        sendTo(from, follower);
      }
      advanceCommit();
      applyLater();
    } else if (append.previousIndex == follower.next - 1 || index < 0) {
      long next = index < 0 ? 0 : Math.max(follower.match, index) + 1;
      if (next != follower.next) {
        follower.next = next;
        sendTo(from, follower);
      }
    }
  }

  private void advanceCommit() {
    if (role != ReplicaStatus.Role.LEADER) {
      return;
    }
    List<Long> durable = new ArrayList<>();
    durable.add(durableIndex);
    followers.values().forEach(follower -> durable.add(follower.match));
    long agreed = durable.stream().sorted().toList().get((durable.size() - 1) / 2);
    if (agreed > commitIndex && termAt(agreed) == term) {
      commitIndex = agreed;
    }
  }

  // ---- applying

  private void applyLater() {
    if (applyScheduled || closed || appliedIndex >= Math.min(commitIndex, durableIndex)) {
      return;
    }
    applyScheduled = true;
    long micros = raft.random().nextLong(100);
    if (raft.happens(raft.nastiness().slowApply())) {
      micros += raft.random().nextLong(500_000);
    }
    var _ =
        loop.schedule(
            Duration.ofNanos(micros * 1000),
            () -> {
              applyScheduled = false;
              applyNow();
            });
  }

  private void applyNow() {
    int budget = 1 + raft.random().nextInt(8);
    while (!closed
        && role != ReplicaStatus.Role.INSTALLING
        && machine.mayVote()
        && budget-- > 0
        && appliedIndex < Math.min(commitIndex, durableIndex)) {
      long index = appliedIndex + 1;
      LogEntry entry = entry(index);
      raft.applies(copyset, index, entry);
      LogPosition at = new LogPosition(entry.term(), index);
      byte @Nullable [] command = entry.command();
      appliedIndex = index;
      if (command == null) {
        machine.advance(at, kept.membership());
      } else {
        R reply = machine.apply(at, ByteBuffer.wrap(command).asReadOnlyBuffer());
        ProposalListener<R> listener = pending.remove(index);
        if (listener != null && entry.term() == term) {
          listener.ended(new Proposal.Applied<>(at, reply));
        }
      }
      if (role == ReplicaStatus.Role.LEADER && !announced && index >= firstOfTerm) {
        announced = true;
        machine.leading(term);
      }
    }
    applyLater();
  }

  @Override
  public ReadPermission readPermission() {
    if (closed || role != ReplicaStatus.Role.LEADER || !announced || leaseGivenUp) {
      return new ReadPermission.Refused(leader.filter(known -> !known.equals(self)), "no leader");
    }
    long age = loop.nanoTime() - leaseStartNanos();
    return age < ELECTION_TIMEOUT.dividedBy(2).toNanos()
        ? new ReadPermission.Granted(term)
        : new ReadPermission.Refused(Optional.empty(), "the lease has run out");
  }

  /** When the majority's newest answered messages were sent. */
  private long leaseStartNanos() {
    List<Long> times = new ArrayList<>();
    times.add(loop.nanoTime());
    followers.values().forEach(follower -> times.add(follower.answeredSentNanos));
    long start = times.stream().sorted().toList().get((times.size() - 1) / 2);
    return Math.max(start, Long.MIN_VALUE / 2);
  }

  // ---- checkpoints and installs

  @Override
  public CompletionStage<LogPosition> checkpoint() {
    CompletableFuture<LogPosition> done = new CompletableFuture<>();
    if (closed || checkpointing || role == ReplicaStatus.Role.INSTALLING || !machine.mayVote()) {
      done.completeExceptionally(
          new KurveException(ErrorCode.UNAVAILABLE, "no checkpoint now", "later"));
      return done;
    }
    checkpointing = true;
    CheckpointImage image = machine.capture(kept.membership());
    var _ =
        loop.schedule(
            Duration.ofNanos(raft.random().nextLong(20_000_000)), () -> persist(image, done));
    return done;
  }

  private void persist(CheckpointImage image, CompletableFuture<LogPosition> done) {
    checkpointing = false;
    try {
      image.persist();
    } catch (IOException e) {
      done.completeExceptionally(e);
      return;
    }
    LogPosition at = image.checkpoint().at();
    long drop = droppedBy(at.index());
    if (drop > base.index() && role != ReplicaStatus.Role.INSTALLING) {
      long newTerm = termAt(drop);
      entries.subList(0, (int) (drop - base.index())).clear();
      base = new LogPosition(newTerm, drop);
      syncNow();
    }
    done.complete(at);
  }

  /** The log before the checkpoint before, or all of it when nothing has come since. */
  private long droppedBy(long checkpointIndex) {
    long before = lastCheckpointIndex;
    lastCheckpointIndex = checkpointIndex;
    return raft.happens(raft.nastiness().dropsEarly())
        ? Math.min(checkpointIndex, appliedIndex) - raft.random().nextInt(4)
        : Math.min(before, appliedIndex);
  }

  /** The leader has dropped what this replica lacks. */
  private void wanted(Append question, Checkpoint newest) {
    if (question.term < term) {
      answer(question, false, 0);
      return;
    }
    hear(question.term, question.from);
    if (role == ReplicaStatus.Role.INSTALLING || !logs.confirmed()) {
      return;
    }
    if (machine.mayVote() && newest.at().index() <= commitIndex) {
      answer(question, true, Math.min(commitIndex, durableIndex));
      return;
    }
    syncNow();
    role = ReplicaStatus.Role.INSTALLING;
    // Nothing older than where the own log begins: what it held since was acknowledged.
    Checkpoint wanted =
        newest.at().index() >= base.index() ? newest : new Checkpoint(base, newest.membership());
    raft.world().trace(self.chunkserver() + " installs " + copyset + " at " + wanted.at().index());
    logs.process().fiber(loop, "install", () -> install(question.from, wanted));
  }

  private void install(ReplicaId source, Checkpoint wanted) {
    try {
      LogPosition at = machine.install(source, wanted).at();
      if (at.index() <= lastIndex() && termAt(at.index()) == at.term()) {
        // What follows was acknowledged, perhaps: it stays.
        entries.subList(0, (int) (at.index() - base.index())).clear();
        base = at;
        kept.keep(base, entries.subList(0, (int) (durableIndex - at.index())));
      } else {
        resetTo(at);
      }
      commitIndex = Math.max(commitIndex, at.index());
      appliedIndex = at.index();
      raft.installed();
      raft.world().trace(self.chunkserver() + " has installed " + copyset + " at " + at.index());
    } catch (IOException | KurveException e) {
      raft.world().trace(self.chunkserver() + " could not install " + copyset + ": " + e);
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts a simulation", e);
    }
    role = ReplicaStatus.Role.FOLLOWER;
    lastHeardNanos = loop.nanoTime();
  }

  // ---- the rest of the port

  @Override
  public CopysetKey copyset() {
    return copyset;
  }

  public ReplicaId self() {
    return self;
  }

  public boolean isLeading() {
    return role == ReplicaStatus.Role.LEADER && announced;
  }

  @Override
  public ReplicaStatus status() {
    Map<ReplicaId, Long> lacks = new TreeMap<>();
    followers.forEach((member, follower) -> lacks.put(member, follower.next));
    return new ReplicaStatus(
        role,
        term,
        leader,
        membership(),
        new ReplicaStatus.Indexes(base.index() + 1, durableIndex, commitIndex, appliedIndex),
        lacks);
  }

  private Membership membership() {
    return kept.membership();
  }

  @Override
  public CompletionStage<Void> transferLeadership(ReplicaId target) {
    SimProcess there = raft.processOf(target);
    CompletableFuture<Void> done = new CompletableFuture<>();
    if (role != ReplicaStatus.Role.LEADER || there == null || target.equals(self)) {
      done.completeExceptionally(
          new KurveException(ErrorCode.UNAVAILABLE, "no transfer to " + target, "later"));
    } else {
      leaseGivenUp = true;
      transfer = done;
      long ofTerm = term;
      long sentNanos = loop.nanoTime();
      var _ =
          raft.network()
              .send(
                  logs.process(),
                  there,
                  SimNetwork.Kind.ONCE,
                  copyset + " transfer",
                  () -> onPeer(target, peer -> peer.takeOver(ofTerm, sentNanos)));
      var _ = loop.schedule(ELECTION_TIMEOUT.multipliedBy(2), () -> giveUp(ofTerm));
    }
    return done;
  }

  private void takeOver(long ofTerm, long sentNanos) {
    if (ofTerm == term && loop.nanoTime() - sentNanos < ELECTION_TIMEOUT.toNanos()) {
      stand(true);
    }
  }

  /** Nobody has taken over; the lease is gone, so somebody must be elected. */
  private void giveUp(long ofTerm) {
    if (role == ReplicaStatus.Role.LEADER && term == ofTerm) {
      CompletableFuture<Void> failed = transfer;
      if (failed != null) {
        failed.completeExceptionally(
            new KurveException(ErrorCode.UNAVAILABLE, "the transfer came to nothing", "later"));
      }
      stopLeading();
    }
  }

  @Override
  public void close() {
    stopLeading();
    syncNow();
    closed = true;
  }
}
