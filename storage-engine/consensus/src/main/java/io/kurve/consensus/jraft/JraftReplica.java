package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.ReplicatorGroup;
import com.alipay.sofa.jraft.Status;
import com.alipay.sofa.jraft.core.NodeImpl;
import com.alipay.sofa.jraft.core.Replicator;
import com.alipay.sofa.jraft.entity.PeerId;
import com.alipay.sofa.jraft.entity.Task;
import com.alipay.sofa.jraft.rpc.RpcRequests.RequestVoteRequest;
import com.alipay.sofa.jraft.rpc.impl.AbstractClientService;
import com.alipay.sofa.jraft.util.Utils;
import io.kurve.consensus.wal.GroupLog;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
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
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One replica: a jraft node and what stands around it.
 *
 * <pre>
 *  propose ---> node: ring ---> log thread ---> WalLogStorage ---> shared WAL (group commit)
 *                 |                                  |
 *                 |  TransportRpcClient (lease)      v durable
 *                 v                             StateMachineCaller ---> state machine ---> listener
 *            other replicas                          ^
 *                 |                                  | committed by the majority
 *                 v                                  |
 *            ReplicaInbox (VoteGate) ---------------node
 * </pre>
 */
final class JraftReplica<R> implements ReplicatedLog<R> {
  /** A write of 1 MiB with room for its header; the WAL's frames hold twice as much. */
  private static final int MAX_COMMAND_BYTES = 2 << 20;

  /** A learner that lacks fewer may become a voter: jraft looks once more. */
  private static final int CAUGHT_UP_ENTRIES = 1000;

  private static final Logger logger = LoggerFactory.getLogger(JraftReplica.class);

  private final ReplicaContext context;
  private final CopysetKey copyset;
  private final GroupLog log;
  private final ReplicatedStateMachine<R> stateMachine;
  private final Membership initial;
  private final Runnable whenClosed;
  private final DurableIndex durable;
  private final LeaderLease lease;
  private final VoteGate voteGate;
  private final ReplicaLink.Candidacy candidacy = new ReplicaLink.Candidacy();
  private final WalMetaStorage meta;
  private final StateMachineCaller<R> caller;
  private final CheckpointStorage checkpoints;
  private final InFlight<R> inFlight;
  private final NodeImpl node;
  private final AtomicReference<@Nullable Transfer> transfer = new AtomicReference<>();
  private volatile boolean closed;
  private volatile boolean installing;
  private volatile boolean failed;

  /** Of the founders, or the group itself has named this replica; else it gives no vote. */
  private volatile boolean named;

  /** jraft starts no election timer in a learner, and none when that becomes a voter. */
  private volatile boolean wasLearner;

  JraftReplica(
      ReplicaContext context,
      CopysetKey copyset,
      GroupLog log,
      ReplicatedStateMachine<R> stateMachine,
      Membership initial,
      Runnable whenClosed) {
    Checkpoint restored = stateMachine.restored();
    if (restored.at().index() < log.cutAt().index()) {
      refuseLostCheckpoint(copyset, log, stateMachine);
      // An install was cut off after it had emptied the log: it has to begin anew.
      log.reset(restored.at());
    }
    this.context = context;
    this.copyset = copyset;
    this.log = log;
    this.stateMachine = stateMachine;
    this.initial = initial;
    this.whenClosed = whenClosed;
    this.durable = new DurableIndex(log.durableIndex());
    this.lease =
        new LeaderLease(context.self(), context.clock(), context.settings().electionTimeout());
    this.voteGate = new VoteGate(context.clock(), context.settings().electionTimeout());
    this.named = initial.voters().contains(context.self());
    this.meta = new WalMetaStorage(log, this::mayGiveVotes);
    this.caller = new StateMachineCaller<>(this, restored, initial);
    this.checkpoints = new CheckpointStorage(context.self(), restored, caller::install);
    this.inFlight = new InFlight<>(context.settings().proposals());
    this.node = new NodeImpl(PeerNames.group(copyset), PeerNames.peer(context.self()));
    Membership known = restored.at().index() == 0 ? initial : restored.membership();
    this.lease.voters(known.voters(), List.of());
    stoodAt(restored);
  }

  /** Entries that this replica acknowledged are neither in its log nor in its state (rule 11). */
  private static void refuseLostCheckpoint(
      CopysetKey copyset, GroupLog log, ReplicatedStateMachine<?> stateMachine) {
    if (stateMachine.mayVote()) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          copyset
              + ": the log begins after entry "
              + log.cutAt().index()
              + " and the newest checkpoint stands at "
              + stateMachine.restored().at().index(),
          KurveException.GO_ON_WITHOUT_IT);
    }
  }

  ReplicaInbox start() {
    ReplicaLink link =
        new ReplicaLink(
            context.transport(),
            copyset,
            lease,
            candidacy,
            stateMachine::mayVote,
            this::catchesUp,
            context.executors().tasks(),
            context.executors().failures().next());
    ReplicaServices services =
        new ReplicaServices(
            new WalLogStorage(
                log,
                durable,
                this::configured,
                checkpoints,
                stateMachine::becameDurable,
                context.faults()),
            meta,
            checkpoints);
    ReplicaLink.Options options =
        NodeSettings.options(link, services, caller, initial, context.settings());
    options.setAppendEntriesExecutors(context.executors().failures());
    JraftProcess.prepare(node.getGroupId());
    if (!node.init(options)) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          name() + " does not start: its log and its checkpoint don't fit together",
          "see raft's lines in the log above; " + KurveException.GO_ON_WITHOUT_IT);
    }
    return new ReplicaInbox(this, node);
  }

  @Override
  public CopysetKey copyset() {
    return copyset;
  }

  @Override
  public void propose(ByteBuffer command, long expectedTerm, ProposalListener<R> listener) {
    if (closed || caller.leadingTerm() != expectedTerm) {
      listener.ended(notLeader("does not lead in term " + expectedTerm));
      return;
    }
    if (command.remaining() > MAX_COMMAND_BYTES) {
      throw new IllegalArgumentException("a command of " + command.remaining() + " bytes");
    }
    ProposalClosure<R> proposal = new ProposalClosure<>(this, listener, command.remaining());
    if (!inFlight.enter(proposal)) {
      listener.ended(overload("too many writes under way"));
      return;
    }
    if (!room().enter(proposal.bytes())) {
      inFlight.leave(proposal);
      listener.ended(overload("the log is full until the next checkpoint"));
      return;
    }
    try {
      node.apply(new Task(command.slice(), proposal, expectedTerm));
    } catch (IllegalStateException | NullPointerException e) {
      // What a node that shuts down throws; nothing was appended.
      if (!closed) {
        throw e;
      }
      proposal.abandoned();
    }
  }

  @Override
  public ReadPermission readPermission() {
    long term = caller.leadingTerm();
    if (term == 0 || closed || failed) {
      return new ReadPermission.Refused(leader(), "does not lead");
    }
    if (!lease.holds(term)) {
      return new ReadPermission.Refused(Optional.empty(), "its lease has run out");
    }
    return new ReadPermission.Granted(term);
  }

  @Override
  public ReplicaStatus status() {
    return new ReplicaStatus(
        role(),
        term(),
        leader(),
        membership(),
        new ReplicaStatus.Indexes(
            log.firstIndex(),
            durable.get(),
            whileActive(node::getLastCommittedIndex),
            whileActive(node::getLastAppliedLogIndex)),
        followers());
  }

  private ReplicaStatus.Role role() {
    if (failed || closed) {
      return ReplicaStatus.Role.FAILED;
    }
    if (installing) {
      return ReplicaStatus.Role.INSTALLING;
    }
    return switch (node.getNodeState()) {
      case STATE_LEADER, STATE_TRANSFERRING -> ReplicaStatus.Role.LEADER;
      case STATE_CANDIDATE -> ReplicaStatus.Role.CANDIDATE;
      case STATE_FOLLOWER -> ReplicaStatus.Role.FOLLOWER;
      case STATE_ERROR, STATE_UNINITIALIZED, STATE_SHUTTING, STATE_SHUTDOWN, STATE_END ->
          ReplicaStatus.Role.FAILED;
    };
  }

  private Membership membership() {
    var configuration = node.getCurrentConf();
    return configuration == null || configuration.isEmpty()
        ? initial
        : PeerNames.membership(configuration);
  }

  /** jraft throws for a node that is not active. */
  private static long whileActive(LongSupplier index) {
    try {
      return index.getAsLong();
    } catch (IllegalStateException inactive) {
      return 0;
    }
  }

  /** jraft forgets entries when they are applied. */
  private boolean catchesUp(ReplicaId follower) {
    ReplicatorGroup replicators = replicators();
    return replicators != null && nextIndex(replicators, follower) <= caller.applied();
  }

  /** Negative when it is not known. */
  private static long nextIndex(ReplicatorGroup replicators, ReplicaId follower) {
    return Replicator.getNextIndexUnsafe(replicators.getReplicator(PeerNames.peer(follower)));
  }

  private Map<ReplicaId, Long> followers() {
    Map<ReplicaId, Long> next = new TreeMap<>();
    ReplicatorGroup replicators = replicators();
    if (replicators != null && node.isLeader(false)) {
      Membership members = membership();
      Stream.concat(members.voters().stream(), members.learners().stream())
          .filter(member -> !member.equals(context.self()))
          .forEach(member -> {
            long index = nextIndex(replicators, member);
            if (index >= 0) {
              next.put(member, index);
            }
          });
    }
    return next;
  }

  private List<Loans.Follower> borrowers() {
    List<Loans.Follower> borrowers = new ArrayList<>();
    ReplicatorGroup replicators = replicators();
    if (replicators != null) {
      long now = Utils.monotonicMs();
      followers()
          .forEach((member, next) -> {
            long heard = replicators.getLastRpcSendTimestamp(PeerNames.peer(member));
            borrowers.add(new Loans.Follower(next, Duration.ofMillis(now - heard)));
          });
    }
    return borrowers;
  }

  private @Nullable ReplicatorGroup replicators() {
    return node.getRpcService() instanceof AbstractClientService service
            && service.getRpcClient() instanceof TransportRpcClient client
        ? client.replicators()
        : null;
  }

  @Override
  public CompletionStage<LogPosition> checkpoint() {
    return checkpoint(false);
  }

  @Override
  public CompletionStage<LogPosition> checkpointForSpace() {
    return checkpoint(true);
  }

  private CompletionStage<LogPosition> checkpoint(boolean forSpace) {
    CompletableFuture<LogPosition> end = new CompletableFuture<>();
    if (closed) {
      end.completeExceptionally(refused("checkpoint", "the replica is closed"));
      return end;
    }
    Checkpoint before = checkpoints.newest();
    if (!forSpace
        && !room().isPressing()
        && checkpoints.loans().need(before.at().index(), borrowers())) {
      end.complete(before.at());
      return end;
    }
    node.snapshot(status -> {
      if (status.isOk()) {
        checkpoints.settled(before);
        end.complete(checkpoints.newest().at());
      } else {
        end.completeExceptionally(refused("checkpoint", status.getErrorMsg()));
      }
    });
    return end;
  }

  @Override
  public CompletionStage<Void> transferLeadership(ReplicaId target) {
    Transfer wanted = new Transfer(target, new CompletableFuture<>());
    if (closed || !transfer.compareAndSet(null, wanted)) {
      wanted.end.completeExceptionally(refused("transfer", "another transfer is under way"));
      return wanted.end.thenAccept(leader -> {});
    }
    context
        .executors()
        .tasks()
        .execute(() -> {
          Status status = node.transferLeadershipTo(PeerNames.peer(target));
          if (!status.isOk()) {
            endTransfer(refused("transfer", status.getErrorMsg()));
          } else if (target.equals(context.self())) {
            endTransfer(null);
          }
        });
    return wanted.end.thenAccept(leader -> {});
  }

  @Override
  public CompletionStage<Void> changeMembership(Membership wanted) {
    MembershipChange change = new MembershipChange(node, name(), wanted);
    if (closed) {
      return CompletableFuture.failedStage(refused("change of members", "the replica is closed"));
    }
    context.executors().tasks().execute(() -> change.begin(context.self(), this::hasCaughtUp));
    return change.end().thenRun(caller::membersChanged);
  }

  private boolean hasCaughtUp(ReplicaId learner) {
    Long next = followers().get(learner);
    return next != null && log.lastIndex() - next < CAUGHT_UP_ENTRIES;
  }

  private void endTransfer(@Nullable KurveException failure) {
    Transfer ended = transfer.getAndSet(null);
    if (ended == null) {
      return;
    }
    if (failure == null) {
      ended.end.complete(ended.target);
    } else {
      ended.end.completeExceptionally(failure);
    }
  }

  private KurveException refused(String what, @Nullable String why) {
    return new KurveException(
        ErrorCode.UNAVAILABLE, name() + ": no " + what + ", " + why, "try again later");
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    whenClosed.run();
    durable.close();
    node.shutdown();
    try {
      node.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    inFlight.abandonAll();
    endTransfer(refused("transfer", "the replica closed"));
  }

  // What the parts around the node ask of it.

  String name() {
    return "replica " + context.self() + " of " + copyset;
  }

  boolean isClosed() {
    return closed;
  }

  /** Whether it is whole. */
  boolean mayVote() {
    return stateMachine.mayVote();
  }

  /** Also whether the group knows it, so that it has all that it ever acknowledged (rule 11). */
  boolean mayGiveVotes() {
    return named && stateMachine.mayVote();
  }

  /** An entry of the log names the members; they count at once. */
  private void configured(GroupConfiguration members) {
    lease.voters(members.voters(), members.oldVoters());
    named(members.voters(), members.oldVoters());
    learns(members.learners());
  }

  /** A checkpoint does so, too. */
  void stoodAt(Checkpoint checkpoint) {
    if (checkpoint.at().index() > 0) {
      named(checkpoint.membership().voters(), List.of());
      learns(checkpoint.membership().learners());
    }
  }

  private void named(List<ReplicaId> voters, List<ReplicaId> oldVoters) {
    if (voters.contains(context.self()) || oldVoters.contains(context.self())) {
      named = true;
    }
  }

  private void learns(List<ReplicaId> learners) {
    if (learners.contains(context.self())) {
      named = true;
      wasLearner = true;
    }
  }

  /**
   * Another one stands and lacks what this one has. If this one never stands itself because jraft
   * has not started its timer, nobody would lead for ever.
   */
  void refusedToVote() {
    if (wasLearner && membership().voters().contains(context.self())) {
      wasLearner = false;
      leaveTerm(term());
    }
  }

  LogRoom room() {
    return context.room();
  }

  /** The durable one. */
  long term() {
    return meta.getTerm();
  }

  /** Makes at least this term durable; false when the log has no room for it. */
  boolean raise(long term) {
    return meta.raise(term);
  }

  long committed() {
    return whileActive(node::getLastCommittedIndex);
  }

  boolean holdsLease() {
    long term = caller.leadingTerm();
    return term != 0 && lease.holds(term);
  }

  /**
   * Whether the log has this entry, or has dropped it behind a checkpoint. An index alone says
   * little: what a new leader replaces is durable until the log thread comes to cut it off.
   */
  boolean isDurable(LogPosition at) {
    return (durable.get() >= at.index() && log.term(at.index()).equals(OptionalLong.of(at.term())))
        || at.index() <= log.cutAt().index();
  }

  /**
   * Passes jraft's own entries on to the state machine.
   *
   * @param agreed up to here a leader's log is the same as jraft's
   */
  void passOn(LogPosition agreed) {
    long upTo = Math.min(agreed.index(), whileActive(node::getLastAppliedLogIndex));
    if (caller.applied() < upTo && isDurable(agreed)) {
      context.executors().tasks().execute(() -> caller.passOn(upTo));
    }
  }

  void stepDown(long term) {
    logger.info("{} leaves term {}: its transfer of leadership failed", name(), term);
    endTransfer(refused("transfer", "the other replica did not take over in time"));
    leaveTerm(term);
  }

  /** Makes jraft leave a term and start its election timer: by a vote that nobody gets. */
  private void leaveTerm(long term) {
    RequestVoteRequest nobody =
        RequestVoteRequest.newBuilder()
            .setGroupId(node.getGroupId())
            .setServerId(node.getServerId().toString())
            .setPeerId(node.getServerId().toString())
            .setTerm(term + 1)
            .setLastLogIndex(0)
            .setLastLogTerm(0)
            .setPreVote(false)
            .build();
    context.executors().tasks().execute(() -> node.handleRequestVoteRequest(nobody));
  }

  void leads() {
    endTransfer(refused("transfer", "the other replica did not take over in time"));
  }

  void follows(ReplicaId leader) {
    Transfer wanted = transfer.get();
    if (wanted != null) {
      endTransfer(
          leader.equals(wanted.target) ? null : refused("transfer", leader + " took over instead"));
    }
  }

  void failed(String why) {
    failed = true;
    logger.error("{} failed: {}", name(), why);
  }

  void installing(boolean now) {
    installing = now;
  }

  void ended(ProposalClosure<R> proposal) {
    inFlight.leave(proposal);
    room().leave(proposal.bytes());
  }

  Proposal<R> notLeader(String why) {
    return new Proposal.Rejected<>(leader(), Proposal.Reason.NOT_LEADER, why);
  }

  Proposal<R> overload(String why) {
    return new Proposal.Rejected<>(leader(), Proposal.Reason.OVERLOAD, why);
  }

  private Optional<ReplicaId> leader() {
    PeerId leader = closed ? null : node.getLeaderId();
    return Optional.ofNullable(leader).map(PeerNames::replica);
  }

  FaultHandler faults() {
    return context.faults();
  }

  Executor persistenceExecutor() {
    return context.executors().persistence();
  }

  Executor tasks() {
    return context.executors().tasks();
  }

  DurableIndex durable() {
    return durable;
  }

  GroupLog log() {
    return log;
  }

  LeaderLease lease() {
    return lease;
  }

  VoteGate voteGate() {
    return voteGate;
  }

  ReplicaLink.Candidacy candidacy() {
    return candidacy;
  }

  CheckpointStorage checkpoints() {
    return checkpoints;
  }

  ReplicatedStateMachine<R> stateMachine() {
    return stateMachine;
  }

  private record Transfer(ReplicaId target, CompletableFuture<ReplicaId> end) {}
}
