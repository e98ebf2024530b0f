package io.kurve.testkit.raft;

import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.ReplicaStatus.Role;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import io.kurve.testkit.world.SimNetwork;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/**
 * How entries get from the leader to the followers, and what is committed.
 *
 * <pre>
 *   append ──> own sync ──> durable ─┐  a majority is durable,
 *      │ message                     ├─ in this term          ──> committed
 *      └──> follower ──its sync──────┘
 *           has ──> the next ones    lacks ──> from further back    gone here ──> an install
 * </pre>
 *
 * Messages may be late, lost and doubled; an answer says when its question was sent, so that the
 * lease is counted from there.
 */
final class Replication {
  private static final Duration HEARTBEAT = Duration.ofMillis(150);
  private static final int MAX_BATCH = 16;

  private final Site site;
  private final Standing standing;
  private final SimReplicatedLog<?> replica;

  /** Only while it leads. */
  private final Map<ReplicaId, Follower> followers = new TreeMap<>();

  private long leadsSinceNanos;
  private boolean scheduled;

  private static final class Follower {
    private long next;
    private long match;
    private long answeredSentNanos = Long.MIN_VALUE;
  }

  record Append(
      long term,
      ReplicaId from,
      long previousIndex,
      long previousTerm,
      List<LogEntry> entries,
      long commit,
      long sentNanos) {}

  Replication(Site site, Standing standing, SimReplicatedLog<?> replica) {
    this.site = site;
    this.standing = standing;
    this.replica = replica;
  }

  // ---- the leader's side

  void startLeading() {
    leadsSinceNanos = site.loop().nanoTime();
    followMembers();
    append(LogEntry.of(standing.term(), standing.roster()));
    heartbeat(standing.term());
  }

  private void followMembers() {
    SortedSet<ReplicaId> members = standing.roster().all();
    followers.keySet().removeIf(known -> !members.contains(known));
    for (ReplicaId member : members) {
      if (!member.equals(site.self()) && !followers.containsKey(member)) {
        Follower follower = new Follower();
        follower.next = standing.log().lastIndex() + 1;
        followers.put(member, follower);
      }
    }
  }

  private long ofMember(ReplicaId member, long own, ToLongFunction<Follower> followers) {
    if (member.equals(site.self())) {
      return own;
    }
    Follower follower = this.followers.get(member);
    return follower == null ? Long.MIN_VALUE : followers.applyAsLong(follower);
  }

  void stopLeading() {
    followers.clear();
  }

  /** The first entry that each follower may lack. */
  Map<ReplicaId, Long> lacks() {
    Map<ReplicaId, Long> lacks = new TreeMap<>();
    followers.forEach((member, follower) -> lacks.put(member, follower.next));
    return lacks;
  }

  /** The last entry that this follower is known to have; 0 when nothing was heard of it. */
  long has(ReplicaId member) {
    return Math.max(0, ofMember(member, 0, follower -> follower.match));
  }

  private void heartbeat(long inTerm) {
    if (standing.isClosed() || !standing.is(Role.LEADER) || standing.term() != inTerm) {
      return;
    }
    long heard = Math.max(leaseStartNanos(), leadsSinceNanos);
    if (site.loop().nanoTime() - heard >= Elections.TIMEOUT.multipliedBy(3).toNanos()) {
      replica.stopLeading();
      return;
    }
    replicate();
    site.later(HEARTBEAT, () -> heartbeat(inTerm));
  }

  /** When the majority's newest answered messages were sent. */
  long leaseStartNanos() {
    long now = site.loop().nanoTime();
    long start =
        standing
            .roster()
            .agreed(member -> ofMember(member, now, follower -> follower.answeredSentNanos));
    return Math.max(start, Long.MIN_VALUE / 2);
  }

  boolean quorumIsSilentFor(Duration time) {
    return site.loop().nanoTime() - leaseStartNanos() >= time.toNanos();
  }

  void append(LogEntry entry) {
    standing.log().append(entry);
    if (entry.roster() != null) {
      followMembers();
    }
    syncLater(() -> {});
    if (!scheduled) {
      scheduled = true;
      site.later(
          Duration.ofNanos(20_000 + site.random().nextLong(200_000)),
          () -> {
            scheduled = false;
            replicate();
          });
    }
  }

  private void replicate() {
    if (!standing.isClosed() && standing.is(Role.LEADER)) {
      followers.forEach(this::sendTo);
    }
  }

  private void sendTo(ReplicaId to, Follower follower) {
    LogTail log = standing.log();
    long sentNanos = site.loop().nanoTime();
    if (follower.next <= log.base().index()) {
      Checkpoint newest = replica.checkpoints().newest();
      Append question = new Append(standing.term(), site.self(), 0, 0, List.of(), 0, sentNanos);
      site.send(
          to, SimNetwork.Kind.ONCE, "install", peer -> peer.checkpoints().wanted(question, newest));
      return;
    }
    long previous = follower.next - 1;
    Append append =
        new Append(
            standing.term(),
            site.self(),
            previous,
            log.termAt(previous),
            log.after(previous, MAX_BATCH),
            standing.commitIndex(),
            sentNanos);
    site.send(to, SimNetwork.Kind.DOUBLED, "append", peer -> peer.replication().onAppend(append));
  }

  private void onAnswer(ReplicaId from, long theirTerm, Append append, boolean fits, long index) {
    if (theirTerm > standing.term()) {
      replica.newTerm(theirTerm);
      return;
    }
    Follower follower = followers.get(from);
    if (!standing.is(Role.LEADER) || append.term != standing.term() || follower == null) {
      return;
    }
    long last = standing.log().lastIndex();
    if (fits) {
      follower.answeredSentNanos = Math.max(follower.answeredSentNanos, append.sentNanos);
      follower.match = Math.max(follower.match, Math.min(index, last));
      follower.next = Math.max(follower.next, follower.match + 1);
      if (follower.next <= last && index >= append.previousIndex) {
        sendTo(from, follower);
      }
      advanceCommit();
      replica.applyLater();
    } else if (append.previousIndex == follower.next - 1 || index < 0) {
      long next = index < 0 ? 0 : Math.max(follower.match, index) + 1;
      if (next != follower.next) {
        follower.next = next;
        sendTo(from, follower);
      }
    }
  }

  private void advanceCommit() {
    if (!standing.is(Role.LEADER)) {
      return;
    }
    long own = standing.log().durableIndex();
    long agreed =
        standing.roster().agreed(member -> ofMember(member, own, follower -> follower.match));
    if (agreed > standing.commitIndex() && standing.log().termAt(agreed) == standing.term()) {
      standing.committed(agreed);
      replica.changes().committed();
    }
  }

  // ---- the follower's side

  private void onAppend(Append append) {
    if (append.term < standing.term()) {
      answer(append, false, 0);
      return;
    }
    replica.hear(append.term, append.from);
    if (standing.is(Role.INSTALLING)) {
      return;
    }
    LogTail log = standing.log();
    if (!replica.mayVote()) {
      if (site.logs().confirmed()) {
        answer(append, false, -1);
      }
    } else if (append.previousIndex < log.base().index()) {
      answer(append, true, standing.safeIndex());
    } else if (log.termAt(append.previousIndex) != append.previousTerm) {
      answer(append, false, Math.min(log.lastIndex(), append.previousIndex - 1));
    } else {
      take(append);
    }
  }

  private void take(Append append) {
    LogTail log = standing.log();
    long index = append.previousIndex;
    for (LogEntry entry : append.entries) {
      index++;
      if (index <= log.lastIndex() && log.entry(index).equals(entry)) {
        continue;
      }
      if (index <= log.lastIndex()) {
        if (index <= standing.commitIndex()) {
          throw new AssertionError(site.self() + " would cut the committed entry " + index);
        }
        log.cutFrom(index);
      }
      log.append(entry);
    }
    long match = index;
    standing.committed(Math.min(append.commit, match));
    if (match > log.durableIndex()) {
      syncLater(() -> answer(append, true, Math.min(match, log.durableIndex())));
    } else {
      answer(append, true, match);
      replica.applyLater();
    }
  }

  /**
   * @param index what it has; -1: nothing that counts
   */
  void answer(Append append, boolean fits, long index) {
    long term = standing.term();
    ReplicaId self = site.self();
    site.send(
        append.from,
        SimNetwork.Kind.DOUBLED,
        fits ? "has" : "lacks",
        peer -> peer.replication().onAnswer(self, term, append, fits, index));
  }

  private void syncLater(Runnable after) {
    long micros = 50 + site.random().nextLong(300);
    if (site.raft().happens(site.raft().nastiness().slowSync())) {
      micros += site.random().nextLong(500_000);
    }
    site.later(
        Duration.ofNanos(micros * 1000),
        () -> {
          if (!standing.isClosed() && !standing.is(Role.INSTALLING)) {
            standing.log().sync();
            after.run();
            advanceCommit();
            replica.applyLater();
          }
        });
  }
}
