package io.kurve.protocol.data;

import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.time.EventLoop;
import io.kurve.protocol.convert.BadMessage;
import io.kurve.protocol.convert.DataMessages;
import io.kurve.protocol.frame.EventLoops;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameType;
import io.kurve.protocol.handshake.Identity;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends to chunkservers. One connection per store, address and kind of traffic, made on demand;
 * requests are pipelined on it and answered in any order. A request is sent once: whether to try
 * again, and where, is the caller's decision.
 */
public final class DataClient implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DataClient.class);
  static final String SIDE = "client";

  private final DataClientConfig config;
  private final Identity self;
  private final WireMetrics metrics;
  private final StoreGenerations generations;
  private final EventLoops loops;
  private final Runnable closeLoops;
  private final Map<Link.Target, Link> links = new ConcurrentHashMap<>();

  /** With network threads of its own. */
  public DataClient(DataClientConfig config, Identity self, WireMetrics metrics) {
    this.config = config;
    this.self = self;
    this.metrics = metrics;
    this.generations = new StoreGenerations();
    this.loops = EventLoops.start("data-client", config.threads());
    this.closeLoops = loops::close;
  }

  /** On the threads of a server, which outlives it. */
  DataClient(
      DataClientConfig config,
      Identity self,
      WireMetrics metrics,
      StoreGenerations generations,
      EventLoops servers) {
    this.config = config;
    this.self = self;
    this.metrics = metrics;
    this.generations = generations;
    this.loops = servers;
    this.closeLoops = () -> {};
  }

  /**
   * Sends to the store that the request names, at this address.
   *
   * @param request a write's data must stay unchanged until the answer
   * @param answer told exactly once, on a network thread, which it must not block. A read's blocks
   *     are as many as were asked for and a heap buffer of the receiver's; it compares them with
   *     their checksums where it uses them, so that nothing between here and there goes unnoticed,
   *     and nothing is summed twice. When the connection or the time ({@code remaining}) is lost:
   *     UNKNOWN_OUTCOME if a change may have reached the server, else UNAVAILABLE; REFUSED when
   *     another store, cluster or version is there.
   */
  public void send(HostAndPort address, DataRequest request, Consumer<DataReply> answer) {
    link(address, request.context().target(), Link.Lane.DATA)
        .ask(
            new Ask(
                FrameType.DATA_REQUEST,
                DataMessages.header(request),
                List.of(DataMessages.payload(request)),
                deadline(request.context().remaining()),
                new DataAnswer(request, answer)));
  }

  /**
   * One of the network threads as the loop of a core. With one thread in all it is the one on which
   * every answer comes.
   */
  public EventLoop eventLoop(FaultHandler faults) {
    return new NetworkEventLoop(loops.group().next(), faults);
  }

  /** For the replicated logs' messages. */
  public PeerChannel peers(AddressBook addresses) {
    return new PeerChannel(this, addresses);
  }

  /**
   * Another replica's services.
   *
   * @param timeout of each call
   */
  public ReplicaService replica(ReplicaId target, AddressBook addresses, Duration timeout) {
    return new RemoteReplica(this, target, addresses, timeout);
  }

  Link link(HostAndPort address, StoreId store, Link.Lane lane) {
    Link.Target target = new Link.Target(address, store, lane);
    Link known = links.get(target);
    if (known != null) {
      return known;
    }
    dropOldAddresses(target);
    return links.computeIfAbsent(
        target, t -> new Link(t, self, config, metrics, generations.of(t.store()), loops));
  }

  /** A store that has moved leaves a link behind; it goes when nothing hangs on it any more. */
  private void dropOldAddresses(Link.Target fresh) {
    links.forEach((old, link) -> {
      boolean replaced =
          old.store().equals(fresh.store())
              && old.lane() == fresh.lane()
              && !old.address().equals(fresh.address());
      if (replaced && link.isIdle() && links.remove(old, link)) {
        link.close();
      }
    });
  }

  int linkCount() {
    return links.size();
  }

  static long deadline(Duration remaining) {
    return System.nanoTime() + DataMessages.micros(remaining) * 1000;
  }

  @Override
  public void close() {
    links.values().forEach(Link::close);
    closeLoops.run();
  }

  private static final class DataAnswer implements Ask.Answer {
    private final DataRequest request;
    private final Consumer<DataReply> answer;

    DataAnswer(DataRequest request, Consumer<DataReply> answer) {
      this.request = request;
      this.answer = answer;
    }

    @Override
    public void answered(Frame frame) {
      DataReply reply;
      try {
        reply = DataMessages.reply(frame.header(), frame.payload());
      } catch (BadMessage bad) {
        log.warn("answer to {}: {}", request.context().id(), bad.getMessage());
        failed(ErrorCode.UNAVAILABLE, String.valueOf(bad.getMessage()), true);
        return;
      }
      if (reply instanceof DataReply.Data data && data.data().remaining() != wantedBytes()) {
        String text =
            "read %s of %d bytes is answered with %d"
                .formatted(request.context().id(), wantedBytes(), data.data().remaining());
        log.warn("{}", text);
        failed(ErrorCode.UNAVAILABLE, text, true);
        return;
      }
      answer.accept(reply);
    }

    private int wantedBytes() {
      return request.operation() instanceof DataRequest.Read read ? read.length() : 0;
    }

    @Override
    public void failed(ErrorCode code, String why, boolean sent) {
      boolean changes = !(request.operation() instanceof DataRequest.Read);
      ErrorCode told = sent && changes ? ErrorCode.UNKNOWN_OUTCOME : code;
      answer.accept(new DataReply.Failed(told, Optional.empty(), why));
    }
  }
}
