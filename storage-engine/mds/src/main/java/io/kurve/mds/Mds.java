package io.kurve.mds;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.time.EventLoop;
import io.kurve.mds.leadership.Election;
import io.kurve.mds.leadership.MdsPorts;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.leadership.Timings;
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

  private final MdsPorts ports;
  private final Timings timings;
  private final RequestObserver observer;
  private final Election election;
  private final Doors doors = new Doors(this);
  private final AtomicInteger underWay = new AtomicInteger();
  private @Nullable Reign reign;
  private final CompletableFuture<Void> serving = new CompletableFuture<>();
  private volatile String waitsFor = "not started";

  /**
   * @param candidate what the election tells others of this process: its address
   */
  public Mds(MdsPorts ports, Timings timings, String candidate, RequestObserver observer) {
    this.ports = ports;
    this.timings = timings;
    this.observer = observer;
    this.election =
        new Election(
            ports.loop(),
            ports.store(),
            ports.random(),
            Bytes.ofText(candidate),
            timings,
            new ElectionListener());
  }

  public void start() {
    waitsFor = "its election";
    ports.loop().execute(election::start);
  }

  /** Gives the leadership back; requests under way get NOT_LEADER. */
  @Override
  public void close() {
    ports
        .loop()
        .execute(() -> {
          election.close();
          endReign("this MDS stops");
        });
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

  /** Ends when it serves for the first time. */
  public CompletionStage<Void> serving() {
    return serving;
  }

  /** Why it is not serving; empty when it is. Any thread may ask. */
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
      fail(request, refusal.orElseGet(Mds::notLeader));
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
            fail(request, late.get());
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

  private static KurveException notLeader() {
    return new KurveException(
        ErrorCode.NOT_LEADER, "this MDS is not the leader", "ask the leader, or try again");
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
    waitsFor = "its election";
  }

  private final class ElectionListener implements Election.Listener {
    @Override
    public void elected(MetaStore.Leadership leadership) {
      waitsFor = "the metadata store to be read";
      reign =
          new Reign(
              ports,
              timings,
              leadership,
              new Reign.Listener() {
                @Override
                public void deposed(String why) {
                  election.resign(why);
                }

                @Override
                public void loaded() {
                  waitsFor = "";
                  boolean _ = serving.complete(null);
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
