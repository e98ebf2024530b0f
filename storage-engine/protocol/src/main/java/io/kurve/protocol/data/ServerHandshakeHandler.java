package io.kurve.protocol.data;

import com.google.protobuf.InvalidProtocolBufferException;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.protocol.convert.BadMessage;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameConnection;
import io.kurve.protocol.frame.FrameType;
import io.kurve.protocol.frame.OtherVersion;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Peer;
import io.kurve.protocol.handshake.Refusal;
import io.kurve.protocol.handshake.ServerHandshake;
import io.kurve.protocol.v1.Proof;
import io.kurve.protocol.v1.Welcome;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Drives {@link ServerHandshake} with frames, then makes place for the handler of the rest. */
final class ServerHandshakeHandler extends SimpleChannelInboundHandler<Frame> {
  private static final Logger log = LoggerFactory.getLogger(ServerHandshakeHandler.class);

  private final FrameConnection connection;
  private final Identity self;
  private final DataServerConfig config;
  private final WireMetrics metrics;
  private final Function<Peer, ChannelHandler> next;
  private @Nullable ServerHandshake handshake;
  private @Nullable Future<?> deadline;

  ServerHandshakeHandler(
      FrameConnection connection,
      Identity self,
      DataServerConfig config,
      WireMetrics metrics,
      Function<Peer, ChannelHandler> next) {
    this.connection = connection;
    this.self = self;
    this.config = config;
    this.metrics = metrics;
    this.next = next;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    handshake = new ServerHandshake(self, connection.remote());
    deadline =
        context
            .executor()
            .schedule(this::tooLate, config.handshakeTime().toMillis(), TimeUnit.MILLISECONDS);
    context.fireChannelActive();
  }

  private void tooLate() {
    metrics.refused(DataServer.SIDE);
    log.warn(
        "closing connection with {}: no handshake within {} ms",
        connection.remote(),
        config.handshakeTime().toMillis());
    connection.close();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    if (deadline != null) {
      deadline.cancel(false);
    }
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, Frame frame) {
    try {
      step(frame);
    } catch (KurveException refusal) {
      refuse(refusal);
    } catch (BadMessage | InvalidProtocolBufferException garbage) {
      refuse(
          new KurveException(
              ErrorCode.REFUSED,
              "a " + frame.type() + " from " + connection.remote() + " can't be read",
              "",
              garbage));
    }
  }

  private void step(Frame frame) throws InvalidProtocolBufferException {
    if (handshake == null) {
      throw new IllegalStateException("a frame came before the connection");
    }
    switch (frame.type()) {
      case HELLO ->
          connection.send(
              Frame.of(FrameType.CHALLENGE, 0, handshake.hello(frame.header()).toByteArray()));
      case PROOF -> {
        Peer peer = handshake.proof(Proof.parseFrom(frame.header()));
        ChannelHandler serving = next.apply(peer);
        Welcome welcome =
            Welcome.newBuilder().setMaxInFlight(config.maxInFlightPerConnection()).build();
        connection.send(Frame.of(FrameType.WELCOME, 0, welcome.toByteArray()));
        connection.authenticated(this, serving);
      }
      case CHALLENGE,
          WELCOME,
          REFUSED,
          PING,
          PONG,
          DATA_REQUEST,
          DATA_REPLY,
          PEER_REQUEST,
          PEER_REPLY,
          REPLICA_REQUEST,
          REPLICA_REPLY ->
          throw new KurveException(
              ErrorCode.REFUSED,
              "a " + frame.type() + " came from " + connection.remote() + " in the handshake",
              "");
    }
  }

  private void refuse(KurveException refusal) {
    metrics.refused(DataServer.SIDE);
    log.warn("refusing the connection of {}: {}", connection.remote(), refusal.oneLine());
    connection.sendAndClose(Frame.of(FrameType.REFUSED, 0, Refusal.toWire(refusal).toByteArray()));
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof OtherVersion(int version)) {
      refuse(Refusal.otherVersion(connection.remote(), version));
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    log.warn("closing connection with {}: {}", connection.remote(), cause.toString());
    connection.close();
  }
}
