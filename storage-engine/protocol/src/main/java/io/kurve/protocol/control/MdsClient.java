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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The MDS, whichever of the addresses leads. A call goes to the one that answered last; UNAVAILABLE
 * and NOT_LEADER take it to the next one, with a back-off after each round, until the call's time
 * is over. So a call can reach an MDS twice: each operation carries a request id, or names by id or
 * size what is to be, so that doing it again changes nothing.
 */
public final class MdsClient implements AutoCloseable {
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
    return attempt(method, request, deadline, 1);
  }

  private <A, B> CompletableFuture<B> attempt(
      MethodDescriptor<A, B> method, A request, Deadline deadline, int number) {
    int asked = preferred.get();
    return servers
        .get(asked)
        .call(method, request, deadline)
        .exceptionallyCompose(thrown -> {
          KurveException failure = known(thrown);
          Duration pause = pause(number);
          boolean again =
              !closed
                  && (failure.code() == ErrorCode.UNAVAILABLE
                      || failure.code() == ErrorCode.NOT_LEADER)
                  && deadline.timeRemaining(TimeUnit.NANOSECONDS) > pause.toNanos();
          if (again || failure.code() == ErrorCode.UNKNOWN_OUTCOME) {
            // One that is silent, stopped perhaps, must not be the first to be asked next time.
            boolean unused = preferred.compareAndSet(asked, (asked + 1) % servers.size());
          }
          if (!again) {
            return CompletableFuture.failedFuture(explained(failure));
          }
          Executor later = CompletableFuture.delayedExecutor(pause.toNanos(), TimeUnit.NANOSECONDS);
          return CompletableFuture.supplyAsync(() -> number + 1, later)
              .thenCompose(next -> attempt(method, request, deadline, next));
        });
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

  /** None within a round over all addresses, then longer each round. */
  private Duration pause(int attempt) {
    if (attempt % servers.size() != 0) {
      return Duration.ZERO;
    }
    int round = Math.min(attempt / servers.size() - 1, 20);
    long nanos =
        Math.min(config.firstBackOff().toNanos() << round, config.longestBackOff().toNanos());
    return Duration.ofNanos(nanos / 2 + ThreadLocalRandom.current().nextLong(nanos));
  }

  private KurveException explained(KurveException failure) {
    if (failure.code() != ErrorCode.UNAVAILABLE && failure.code() != ErrorCode.NOT_LEADER) {
      return failure;
    }
    String text =
        addresses.size() == 1
            ? "the MDS " + failure.text()
            : "none of the MDS " + addresses + " serves: " + failure.text();
    boolean away = Failures.isAway(failure);
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
