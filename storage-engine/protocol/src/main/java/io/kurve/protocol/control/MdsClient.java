package io.kurve.protocol.control;

import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.protocol.handshake.Identity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The MDS, whichever of the addresses leads. A call goes to the one that answered last;
 * UNAVAILABLE, UNKNOWN_OUTCOME and silence take it to the next one, NOT_LEADER to the one that a
 * standby names, with a back-off after as many tries as there are addresses, until the call's time
 * is over, or the shorter one of a round that reached nobody. So a call can reach an MDS twice:
 * each operation carries a request id, or names by id or size what is to be, so that doing it again
 * changes nothing.
 */
public final class MdsClient implements AutoCloseable {
  /** One with less time would only hide what is known of the last. */
  private static final Duration SHORTEST_ATTEMPT = Duration.ofMillis(50);

  private final List<ControlChannel> servers = new ArrayList<>();
  private final List<HostAndPort> addresses;
  private final MdsClientConfig config;
  private final AtomicInteger preferred = new AtomicInteger();
  private volatile boolean closed;

  public MdsClient(List<HostAndPort> addresses, Identity self, MdsClientConfig config) {
    if (addresses.isEmpty()) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT, "no MDS address is given", "name at least one host:port");
    }
    this.addresses = List.copyOf(addresses);
    this.config = config;
    addresses.forEach(a -> servers.add(ControlChannel.to(a, self, Optional.empty())));
  }

  public MetadataService metadata() {
    return new RemoteMetadata(this::call);
  }

  public VolumeAdmin volumes() {
    return new RemoteVolumes(this::call);
  }

  public ChunkserverRegistry chunkservers() {
    return new RemoteRegistry(this::call);
  }

  public ClusterInspection inspection() {
    return new RemoteInspection(this::call);
  }

  private <A, B> CompletableFuture<B> call(MethodDescriptor<A, B> method, A request) {
    Deadline deadline = Deadline.after(config.callTimeout().toNanos(), TimeUnit.NANOSECONDS);
    return new Call<>(method, request, deadline).attempt();
  }

  /** One call, with all its tries. */
  private final class Call<A, B> {
    private final MethodDescriptor<A, B> method;
    private final A request;
    private final Deadline deadline;

    /** While all are away. */
    private final Deadline awayDeadline =
        Deadline.after(config.awayTimeout().toNanos(), TimeUnit.NANOSECONDS);

    /** How many tries, one after the other, have reached nobody. */
    private int unreached;

    /** Those that were not there in this round, whoever takes them for the leader. */
    private final BitSet away = new BitSet();

    private int number;

    Call(MethodDescriptor<A, B> method, A request, Deadline deadline) {
      this.method = method;
      this.request = request;
      this.deadline = deadline;
    }

    /** One try at a time. */
    CompletableFuture<B> attempt() {
      int asked = preferred.get();
      number++;
      return servers
          .get(asked)
          .call(method, request, patience())
          .exceptionallyCompose(thrown -> failed(asked, known(thrown)));
    }

    /** One that is silent, stopped perhaps, must not use up the time of all. */
    private Deadline patience() {
      return servers.size() == 1
          ? deadline
          : deadline.minimum(
              Deadline.after(config.attemptTimeout().toNanos(), TimeUnit.NANOSECONDS));
    }

    private CompletableFuture<B> failed(int asked, KurveException failure) {
      unreached = Failures.isAway(failure) ? unreached + 1 : 0;
      Duration pause = pause();
      boolean again =
          !closed
              && (failure.code() == ErrorCode.UNAVAILABLE
                  || failure.code() == ErrorCode.NOT_LEADER
                  || failure.code() == ErrorCode.UNKNOWN_OUTCOME)
              && left() > pause.plus(SHORTEST_ATTEMPT).toNanos();
      if (again || failure.code() == ErrorCode.UNKNOWN_OUTCOME) {
        if (failure.code() != ErrorCode.NOT_LEADER) {
          away.set(asked);
        }
        boolean unused = preferred.compareAndSet(asked, next(asked, failure));
      }
      if (!again) {
        return CompletableFuture.failedFuture(explained(failure));
      }
      if (number % servers.size() == 0) {
        away.clear();
      }
      Executor later = CompletableFuture.delayedExecutor(pause.toNanos(), TimeUnit.NANOSECONDS);
      return CompletableFuture.runAsync(() -> {}, later).thenCompose(_ -> attempt());
    }

    private long left() {
      Deadline end = unreached < servers.size() ? deadline : deadline.minimum(awayDeadline);
      return end.timeRemaining(TimeUnit.NANOSECONDS);
    }

    /** Whom a standby takes for the leader, unless that one did not answer just now. */
    private int next(int asked, KurveException failure) {
      return failure
          .leader()
          .map(addresses::indexOf)
          .filter(leader -> leader >= 0 && leader != asked && !away.get(leader))
          .orElse((asked + 1) % servers.size());
    }

    /** None within a round over all addresses, then longer each round. */
    private Duration pause() {
      if (number % servers.size() != 0) {
        return Duration.ZERO;
      }
      int round = Math.min(number / servers.size() - 1, 20);
      long nanos =
          Math.min(config.firstBackOff().toNanos() << round, config.longestBackOff().toNanos());
      return Duration.ofNanos(nanos / 2 + ThreadLocalRandom.current().nextLong(nanos));
    }
  }

  private static KurveException known(Throwable thrown) {
    Throwable cause =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    return cause instanceof KurveException known
        ? known
        : new KurveException(ErrorCode.INTERNAL, String.valueOf(cause), "", cause);
  }

  private KurveException explained(KurveException failure) {
    if (failure.code() != ErrorCode.UNAVAILABLE && failure.code() != ErrorCode.NOT_LEADER) {
      return failure;
    }
    String text =
        addresses.size() == 1
            ? "the MDS " + failure.text()
            : "none of the MDS " + addresses + " serves: " + failure.text();
    if (failure.code() == ErrorCode.NOT_LEADER) {
      return KurveException.notLeader(text, failure.cure(), failure.leader());
    }
    boolean away = Failures.isAway(failure) && !Failures.isForeign(failure);
    return new KurveException(
        failure.code(), text, away ? config.cureWhenAway() : failure.cure(), failure);
  }

  /** Ends calls that are under way, too. */
  @Override
  public void close() {
    closed = true;
    servers.forEach(ControlChannel::close);
  }
}
