package io.kurve.protocol.data;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.frame.EventLoops;
import io.kurve.protocol.frame.FrameConnection;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Peer;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens for the data plane of one store. Each connection goes through
 *
 * <pre>
 *   accept -> handshake (deadline) -> serving (bounded requests in flight) -> closed
 * </pre>
 *
 * and any nonsense on it closes it, and it alone.
 */
public final class DataServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DataServer.class);
  static final String SIDE = "server";
  private static final WriteBufferWaterMark UNSENT_BYTES =
      new WriteBufferWaterMark(4 << 20, 16 << 20);

  private final DataServerConfig config;
  private final Identity self;
  private final ServerConnection.Services services;
  private final WireMetrics metrics;
  private final EventLoops loops;
  private final AtomicInteger open = new AtomicInteger();
  private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

  private DataServer(
      DataServerConfig config,
      Identity self,
      ServerConnection.Services services,
      WireMetrics metrics) {
    this.config = config;
    this.self = self;
    this.services = services;
    this.metrics = metrics;
    this.loops = EventLoops.start("data-server", config.threads());
  }

  /**
   * Serves from now on.
   *
   * @param self of a store
   * @param peers empty: frames between chunkservers are refused
   * @throws KurveException IN_USE when the address is taken, INVALID_ARGUMENT when it isn't ours
   */
  public static DataServer start(
      DataServerConfig config,
      Identity self,
      DataHandler handler,
      Optional<PeerServices> peers,
      WireMetrics metrics) {
    DataServer server =
        new DataServer(
            config,
            self,
            new ServerConnection.Services(handler, peers, new StoreGenerations()),
            metrics);
    try {
      server.bind();
    } catch (KurveException failed) {
      server.close();
      throw failed;
    }
    return server;
  }

  private void bind() {
    HostAndPort bind = config.bind();
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops.group())
            .channel(loops.serverChannel())
            .option(ChannelOption.SO_BACKLOG, 256)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNSENT_BYTES)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel);
                  }
                })
            .bind(bind.host(), bind.port())
            .awaitUninterruptibly();
    Throwable cause = bound.cause();
    if (cause != null) {
      throw BindFailure.of(bind, cause);
    }
    channels.add(bound.channel());
  }

  private void accept(Channel channel) {
    if (open.incrementAndGet() > config.maxConnections()) {
      open.decrementAndGet();
      log.warn(
          "closing connection with {}: {} are open, which is the limit",
          channel.remoteAddress(),
          config.maxConnections());
      var _ = channel.close();
      return;
    }
    metrics.opened(SIDE);
    channels.add(channel);
    channel
        .closeFuture()
        .addListener(closed -> {
          open.decrementAndGet();
          metrics.closed(SIDE);
        });
    FrameConnection connection = FrameConnection.install(channel);
    channel
        .pipeline()
        .addFirst(
            new IdleStateHandler(config.silenceTime().toMillis(), 0, 0, TimeUnit.MILLISECONDS))
        .addLast(
            new ServerHandshakeHandler(
                connection,
                self,
                config,
                metrics,
                peer -> {
                  refuseIfOver(peer);
                  return new ServerConnection(
                      connection, channel.eventLoop(), peer, self, config, services, metrics);
                }));
  }

  private void refuseIfOver(Peer peer) {
    Optional<PeerHandler.Sender> sender = ServerConnection.sender(peer);
    if (sender.isEmpty()) {
      return;
    }
    StoreId store = sender.get().replica().store();
    StoreGenerations.Highest highest = services.generations().of(store);
    if (!highest.hears(sender.get().generation())) {
      metrics.staleStart(SIDE);
      throw new KurveException(
          ErrorCode.REFUSED,
          highest.why(store, sender.get().generation()),
          "end the older process: another one has its disk");
    }
  }

  /**
   * A client on this server's network threads: what a chunkserver asks its peers for and what it is
   * asked then wake one thread, not two. To be closed before the server.
   */
  public DataClient client(DataClientConfig clientConfig, Identity client) {
    return new DataClient(clientConfig, client, metrics, services.generations(), loops);
  }

  /** Where it listens, with the port that it got. */
  public HostAndPort address() {
    return channels.stream()
        .map(Channel::localAddress)
        .filter(InetSocketAddress.class::isInstance)
        .map(InetSocketAddress.class::cast)
        .findFirst()
        .map(address -> new HostAndPort(config.bind().host(), address.getPort()))
        .orElseThrow(
            () -> new KurveException(ErrorCode.UNAVAILABLE, "the data server is closed", ""));
  }

  @Override
  public void close() {
    channels.close().awaitUninterruptibly(2, TimeUnit.SECONDS);
    loops.close();
  }
}
