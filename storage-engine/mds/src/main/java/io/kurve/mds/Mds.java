package io.kurve.mds;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.time.EventLoop;
import io.kurve.mds.leadership.Election;
import io.kurve.mds.leadership.MdsPorts;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.leadership.OtherLeader;
import io.kurve.mds.leadership.Timings;
import io.kurve.mds.repair.RepairPolicy;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An MDS process's core: stands for election, reigns when elected, and is the one door through
 * which all requests come in and all answers go out.
 *
 * <pre>
 *   any thread                 |  the loop
 *   request ---- bounded ------|-> leading? refusing? gathered? --> the reign's service
 *   answer <-------------------|-- leadership still held by own clock? <-- reply
 * </pre>
 *
 * That last check is on every answer, reads too: a process that was stopped past its lease tells
 * nobody what was true before.
 */
public final class Mds implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Mds.class);
  private static final int MAX_REQUESTS = 4096;
  private static final Duration GATHERING_POLL = Duration.ofMillis(50);
  private static final Duration STANDBY_POLL = Duration.ofSeconds(1);
  private static final String ELECTION = "its election";

  private final MdsPorts ports;
  private final Timings timings;
  private final RepairPolicy repair;
  private final RequestObserver observer;
  private final HostAndPort address;
  private final Election election;
  private final OtherLeader other;
  private final Doors doors = new Doors(this);
  private final AtomicInteger underWay = new AtomicInteger();
  private @Nullable Reign reign;
  private final CompletableFuture<Void> inPlace = new CompletableFuture<>();
  private boolean stopped;
  private volatile String waitsFor = "not started";

  /**
   * @param address of this process, which others are told when it leads
   */
  public Mds(
      MdsPorts ports,
      Timings timings,
      RepairPolicy repair,
      HostAndPort address,
      RequestObserver observer) {
    this.ports = ports;
    this.timings = timings;
    this.repair = repair;
    this.address = address;
    this.observer = observer;
    this.other = new OtherLeader(ports.loop(), ports.store(), address);
    this.election =
        new Election(
            ports.loop(),
            ports.store(),
            ports.random(),
            Bytes.ofText(address.toString()),
            timings,
            new ElectionListener());
  }

  public void start() {
    waitsFor = ELECTION;
    ports
        .loop()
        .execute(() -> {
          election.start();
          lookForAnother();
        });
  }

  /** Gives the leadership back; requests under way get NOT_LEADER. */
  @Override
  public void close() {
    var _ = stop();
  }

  /** As {@link #close}; ends, and always well, when another can lead. */
  public CompletionStage<Void> stop() {
    CompletableFuture<Void> over = new CompletableFuture<>();
    ports
        .loop()
        .execute(() -> {
          stopped = true;
          CompletionStage<?> givenBack = election.close();
          endReign("this MDS stops");
          var _ = givenBack.thenRun(() -> over.complete(null));
        });
    return over;
  }

  /** A standby that knows the leader is in its place: nothing better is to be expected of it. */
  private void lookForAnother() {
    if (stopped) {
      return;
    }
    if (reign == null) {
      var _ = other.look().thenAccept(this::standBy);
    }
    EventLoop.Timer _ = ports.loop().schedule(STANDBY_POLL, this::lookForAnother);
  }

  private void standBy(Optional<HostAndPort> leader) {
    if (reign == null && !stopped) {
      waitsFor = leader.isPresent() ? "" : ELECTION;
      if (leader.isPresent()) {
        boolean _ = inPlace.complete(null);
      }
    }
  }

  HostAndPort address() {
    return address;
  }

  public MetadataService metadata() {
    return doors.metadata();
  }

  public VolumeAdmin volumes() {
    return doors.volumes();
  }

  public ChunkserverRegistry registry() {
    return doors.registry();
  }

  public ClusterInspection inspection() {
    return doors.inspection();
  }

  /** Ends when for the first time it serves, or stands by for another that leads. */
  public CompletionStage<Void> inPlace() {
    return inPlace;
  }

  /** Why it neither serves nor stands by; empty when it does. Any thread may ask. */
  public Optional<String> notReady() {
    String now = waitsFor;
    return now.isEmpty() ? Optional.empty() : Optional.of("waits for " + now);
  }

  /** What a request needs before it may be looked at. */
  enum Needs {
    /** Only a leader: the cluster's status is told also when all else is refused. */
    LEADER,
    /** A leader that knows as much as the chunkservers that it has heard of. */
    TRUSTED,
    /** As above, and all chunkservers have had the time to be heard of. */
    GATHERED
  }

  <T> CompletionStage<T> serve(
      String operation, Needs needs, Function<Reign.Services, CompletionStage<T>> call) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    if (underWay.incrementAndGet() > MAX_REQUESTS) {
      underWay.decrementAndGet();
      boolean _ =
          answer.completeExceptionally(
              new KurveException(
                  ErrorCode.OVERLOAD,
                  MAX_REQUESTS + " requests are under way at the MDS",
                  "try again later"));
      return answer;
    }
    ports
        .loop()
        .execute(() -> {
          long startedNanos = ports.loop().nanoTime();
          Request<T> request = new Request<>(operation, startedNanos, answer);
          enter(request, needs, call);
        });
    return answer;
  }

  private record Request<T>(String operation, long startedNanos, CompletableFuture<T> answer) {}

  private <T> void enter(
      Request<T> request, Needs needs, Function<Reign.Services, CompletionStage<T>> call) {
    Reign now = reign;
    Optional<KurveException> refusal = refusal(now, needs);
    if (now == null || refusal.isPresent()) {
      refuse(request, refusal.orElseGet(this::notLeader));
      return;
    }
    if (needs == Needs.GATHERED && !now.gathered()) {
      EventLoop.Timer _ = ports.loop().schedule(GATHERING_POLL, () -> enter(request, needs, call));
      return;
    }
    CompletionStage<T> reply;
    try {
      reply = call.apply(now.services());
    } catch (KurveException refused) {
      fail(request, refused);
      return;
    }
    var _ =
        reply.whenComplete((value, failure) -> {
          if (failure != null) {
            fail(request, failure);
            return;
          }
          Optional<KurveException> late = refusal(now, needs);
          if (late.isPresent()) {
            refuse(request, late.get());
          } else {
            finish(request, Optional.empty());
            boolean _ = request.answer().complete(value);
          }
        });
  }

  private Optional<KurveException> refusal(@Nullable Reign asked, Needs needs) {
    if (asked == null) {
      return Optional.of(notLeader());
    }
    if (needs != Needs.LEADER || asked.ended()) {
      Optional<KurveException> refusal = asked.refusal();
      if (refusal.isPresent()) {
        return refusal;
      }
    }
    return election.holds() ? Optional.empty() : Optional.of(notLeader());
  }

  private KurveException notLeader() {
    return notLeader(Optional.empty());
  }

  private KurveException notLeader(Optional<HostAndPort> leader) {
    return KurveException.notLeader(
        address + " does not lead" + leader.map(known -> "; the leader is " + known).orElse(""),
        leader.isPresent() ? "ask the leader" : "ask another MDS, or try again",
        leader);
  }

  /** Who is not the leader says who is. */
  private <T> void refuse(Request<T> request, KurveException why) {
    if (why.code() != ErrorCode.NOT_LEADER || reign != null) {
      fail(request, why);
      return;
    }
    var _ = other.look().thenAccept(leader -> fail(request, notLeader(leader)));
  }

  private <T> void fail(Request<T> request, Throwable failure) {
    if (Office.cause(failure) instanceof KurveException known) {
      finish(request, Optional.of(known.code()));
      boolean _ = request.answer().completeExceptionally(known);
    } else {
      finish(request, Optional.of(ErrorCode.INTERNAL));
      throw ports.faults().halt("request " + request.operation() + " failed", failure);
    }
  }

  private void finish(Request<?> request, Optional<ErrorCode> error) {
    underWay.decrementAndGet();
    observer.answered(
        request.operation(),
        Duration.ofNanos(ports.loop().nanoTime() - request.startedNanos()),
        error);
  }

  private void endReign(String why) {
    if (reign != null) {
      LOG.info("no longer the leader: {}", why);
      reign.end(why);
      reign = null;
    }
    waitsFor = ELECTION;
  }

  private final class ElectionListener implements Election.Listener {
    @Override
    public void elected(MetaStore.Leadership leadership) {
      waitsFor = "the metadata store to be read";
      reign =
          new Reign(
              ports,
              timings,
              repair,
              leadership,
              new Reign.Listener() {
                @Override
                public void deposed(String why) {
                  election.resign(why);
                }

                @Override
                public void loaded() {
                  waitsFor = "";
                  boolean _ = inPlace.complete(null);
                }
              });
      reign.begin();
    }

    @Override
    public void lost(String why) {
      endReign(why);
    }
  }
}
