package io.kurve.protocol.data;

import com.google.protobuf.InvalidProtocolBufferException;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.frame.EventLoops;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameConnection;
import io.kurve.protocol.frame.Outbox;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.v1.Welcome;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.timeout.IdleStateHandler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to one store at one address: at most one connection, made when there is something to
 * send. All state belongs to one event loop.
 *
 * <pre>
 *            ask                 welcome                 lost
 *   IDLE ----------> CONNECTING ---------> OPEN ----------------------> IDLE
 *     ^                  | failed                                        |
 *     +------------------+  back-off: asks fail at once until it is over +
 * </pre>
 */
final class Link {
  /** Where a link leads. Lanes keep one kind of traffic from waiting behind another. */
  record Target(HostAndPort address, StoreId store, Lane lane) {}

  enum Lane {
    DATA,
    PEER,
    REPLICA
  }

  private static final Logger log = LoggerFactory.getLogger(Link.class);
  private static final long SWEEP_MILLIS = 20;

  private enum State {
    IDLE,
    CONNECTING,
    OPEN,
    CLOSED
  }

  private final Target target;
  private final Identity self;
  private final DataClientConfig config;
  private final WireMetrics metrics;
  private final StoreGenerations.Highest highest;
  private final EventLoops loops;
  private final EventLoop loop;
  private final Outbox outbox;
  private final ArrayDeque<Ask> waiting = new ArrayDeque<>();
  private final Map<Long, Ask> inFlight = new LinkedHashMap<>();
  private volatile State state = State.IDLE;
  private @Nullable FrameConnection connection;
  private int serverLimit = Integer.MAX_VALUE;
  private long correlation;
  private long backOffNanos;
  private long retryAtNanos;
  private KurveException lastFailure =
      new KurveException(ErrorCode.UNAVAILABLE, "never connected", "");
  private boolean sweeping;

  Link(
      Target target,
      Identity self,
      DataClientConfig config,
      WireMetrics metrics,
      StoreGenerations.Highest highest,
      EventLoops loops) {
    this.target = target;
    this.self = self;
    this.config = config;
    this.metrics = metrics;
    this.highest = highest;
    this.loops = loops;
    this.loop = loops.group().next();
    this.outbox = new Outbox(loop, this::flush);
    this.backOffNanos = config.firstBackOff().toNanos();
    this.retryAtNanos = System.nanoTime();
  }

  /** From any thread. */
  void ask(Ask ask) {
    if (!outbox.execute(() -> accept(ask))) {
      ask.answer().failed(ErrorCode.UNAVAILABLE, "the data client is closed", false);
    }
  }

  /** From any thread; false starts to connect. */
  boolean connected() {
    if (state == State.OPEN) {
      return true;
    }
    var _ = outbox.execute(this::connectIfTime);
    return false;
  }

  /** From any thread: there is no connection, nor one in the making. */
  boolean isIdle() {
    return state == State.IDLE;
  }

  void close() {
    var _ = outbox.execute(this::shut);
  }

  private void shut() {
    State before = state;
    state = State.CLOSED;
    if (connection != null) {
      connection.close();
    }
    if (before != State.OPEN) {
      failAll(new KurveException(ErrorCode.UNAVAILABLE, "the data client is closed", ""));
    }
  }

  private void accept(Ask ask) {
    if (state == State.CLOSED) {
      ask.answer().failed(ErrorCode.UNAVAILABLE, "the data client is closed", false);
      return;
    }
    if (waiting.size() + inFlight.size() >= Math.min(config.maxInFlight(), serverLimit)) {
      metrics.overload(DataClient.SIDE);
      ask.answer()
          .failed(
              ErrorCode.OVERLOAD,
              (waiting.size() + inFlight.size()) + " requests are in flight to " + target.address(),
              false);
      return;
    }
    if (state == State.OPEN) {
      write(ask);
      sweepLater();
      return;
    }
    connectIfTime();
    if (state == State.IDLE) {
      ask.answer().failed(lastFailure.code(), lastFailure.text(), false);
      return;
    }
    waiting.add(ask);
    sweepLater();
  }

  private void write(Ask ask) {
    FrameConnection open = connection;
    if (open == null) {
      throw new IllegalStateException("no connection to write to");
    }
    long number = ++correlation;
    inFlight.put(number, ask);
    open.write(new Frame(ask.type(), number, ask.header(), ask.payload()), () -> {});
  }

  private void flush() {
    if (connection != null) {
      connection.flush();
    }
  }

  private void connectIfTime() {
    if (state != State.IDLE || System.nanoTime() - retryAtNanos < 0) {
      return;
    }
    state = State.CONNECTING;
    int millis = (int) config.connectTime().toMillis();
    new Bootstrap()
        .group(loop)
        .channel(loops.channel())
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, millis)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                FrameConnection made = FrameConnection.install(channel);
                channel
                    .pipeline()
                    .addFirst(
                        new IdleStateHandler(
                            config.silenceTime().toMillis(), 0, 0, TimeUnit.MILLISECONDS))
                    .addLast(new AskerHandshakeHandler(made, Link.this, self, target, millis));
              }
            })
        .connect(target.address().host(), target.address().port())
        .addListener(done -> {
          Throwable cause = done.cause();
          if (cause != null) {
            failed(
                new KurveException(
                    ErrorCode.UNAVAILABLE,
                    "can't connect to " + target.address() + ": " + cause.getMessage(),
                    "see whether the server there runs"));
          }
        });
  }

  /** The attempt did not come to anything. */
  void failed(KurveException why) {
    if (state == State.CONNECTING) {
      state = State.IDLE;
    }
    if (why.code() != ErrorCode.UNAVAILABLE) {
      metrics.refused(DataClient.SIDE);
      log.warn("no connection with {}: {}", target.address(), why.oneLine());
    }
    lastFailure = why;
    long jittered = ThreadLocalRandom.current().nextLong(backOffNanos) + backOffNanos / 2;
    retryAtNanos = System.nanoTime() + jittered;
    backOffNanos = Math.min(backOffNanos * 2, config.longestBackOff().toNanos());
    failAll(why);
  }

  /** The handshake is done. */
  LinkHandler opened(FrameConnection made, Welcome welcome, Optional<StoreGeneration> server) {
    LinkHandler handler = new LinkHandler(made, this, target.address(), server);
    connection = made;
    if (state == State.CLOSED) {
      made.close();
      return handler;
    }
    metrics.opened(DataClient.SIDE);
    serverLimit = welcome.getMaxInFlight() > 0 ? welcome.getMaxInFlight() : Integer.MAX_VALUE;
    state = State.OPEN;
    for (Ask ask = waiting.poll(); ask != null; ask = waiting.poll()) {
      write(ask);
    }
    made.flush();
    return handler;
  }

  /**
   * @param server which start of the store it says it is
   * @throws KurveException when a later one has spoken
   */
  void requireNewest(Optional<StoreGeneration> server) {
    if (target.lane() != Lane.DATA && server.isPresent() && highest.isOver(server.get())) {
      throw over(server.get());
    }
  }

  /**
   * Raft's answers come from confirmed starts only: this is one.
   *
   * @throws KurveException when a later one has spoken
   */
  void heard(StoreGeneration server) {
    if (!highest.hears(server)) {
      throw over(server);
    }
  }

  private KurveException over(StoreGeneration server) {
    metrics.staleStart(DataClient.SIDE);
    return new KurveException(
        ErrorCode.REFUSED,
        highest.why(target.store(), server),
        "end the older process at " + target.address() + ": another one has its disk");
  }

  void answered(Frame frame) throws InvalidProtocolBufferException {
    backOffNanos = config.firstBackOff().toNanos();
    Ask ask = inFlight.remove(frame.correlation());
    // An answer that nobody waits for any more came after its deadline.
    if (ask != null) {
      ask.answer().answered(frame);
    }
  }

  boolean hasRequests() {
    return !inFlight.isEmpty();
  }

  /** The open connection is gone. */
  void lost(String why) {
    if (connection == null) {
      return;
    }
    connection = null;
    metrics.closed(DataClient.SIDE);
    if (state == State.OPEN) {
      state = State.IDLE;
      // A server that welcomes and hangs up must not be called in a tight loop.
      retryAtNanos = System.nanoTime() + ThreadLocalRandom.current().nextLong(backOffNanos);
    }
    lastFailure = new KurveException(ErrorCode.UNAVAILABLE, why, "");
    failAll(lastFailure);
  }

  private void failAll(KurveException why) {
    List<Ask> sent = new ArrayList<>(inFlight.values());
    List<Ask> unsent = new ArrayList<>(waiting);
    inFlight.clear();
    waiting.clear();
    sent.forEach(ask -> ask.answer().failed(why.code(), why.text(), true));
    unsent.forEach(ask -> ask.answer().failed(why.code(), why.text(), false));
  }

  private void sweepLater() {
    if (!sweeping) {
      sweeping = true;
      var _ = loop.schedule(this::sweep, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void sweep() {
    sweeping = false;
    long now = System.nanoTime();
    List<Ask> sent = expired(inFlight.values().iterator(), now);
    List<Ask> unsent = expired(waiting.iterator(), now);
    if (!inFlight.isEmpty() || !waiting.isEmpty()) {
      sweepLater();
    }
    String why = "no answer from " + target.address() + " in time";
    sent.forEach(ask -> ask.answer().failed(ErrorCode.UNAVAILABLE, why, true));
    unsent.forEach(
        ask -> ask.answer().failed(ErrorCode.UNAVAILABLE, "no connection in time", false));
  }

  private static List<Ask> expired(Iterator<Ask> asks, long now) {
    List<Ask> expired = new ArrayList<>();
    while (asks.hasNext()) {
      Ask ask = asks.next();
      if (now - ask.deadlineNanos() >= 0) {
        asks.remove();
        expired.add(ask);
      }
    }
    return expired;
  }
}
