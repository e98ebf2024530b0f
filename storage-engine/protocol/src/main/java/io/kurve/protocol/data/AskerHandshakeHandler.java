package io.kurve.protocol.data;

import com.google.protobuf.InvalidProtocolBufferException;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameConnection;
import io.kurve.protocol.frame.FrameType;
import io.kurve.protocol.frame.OtherVersion;
import io.kurve.protocol.handshake.AskerHandshake;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Refusal;
import io.kurve.protocol.v1.Challenge;
import io.kurve.protocol.v1.Refused;
import io.kurve.protocol.v1.Welcome;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.util.concurrent.Future;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Drives {@link AskerHandshake} with frames, then tells the link how it went. */
final class AskerHandshakeHandler extends SimpleChannelInboundHandler<Frame> {
  private final FrameConnection connection;
  private final Link link;
  private final Link.Target target;
  private final AskerHandshake handshake;
  private final int deadlineMillis;
  private @Nullable Future<?> deadline;
  private boolean told;

  AskerHandshakeHandler(
      FrameConnection connection,
      Link link,
      Identity self,
      Link.Target target,
      int deadlineMillis) {
    this.connection = connection;
    this.link = link;
    this.target = target;
    this.handshake =
        new AskerHandshake(self, Optional.of(target.store()), target.address().toString());
    this.deadlineMillis = deadlineMillis;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    deadline =
        context
            .executor()
            .schedule(
                () -> fail(unavailable("does not answer the handshake")),
                deadlineMillis,
                TimeUnit.MILLISECONDS);
    connection.send(Frame.of(FrameType.HELLO, 0, handshake.hello().toByteArray()));
    context.fireChannelActive();
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
      fail(refusal);
    } catch (InvalidProtocolBufferException garbage) {
      fail(unavailable("answers the handshake with garbage"));
    }
  }

  private void step(Frame frame) throws InvalidProtocolBufferException {
    switch (frame.type()) {
      case CHALLENGE -> {
        byte[] proof = handshake.answer(Challenge.parseFrom(frame.header())).toByteArray();
        link.requireNewest(handshake.serverGeneration());
        connection.send(Frame.of(FrameType.PROOF, 0, proof));
      }
      case WELCOME -> {
        // Throws when no challenge was answered: nobody is let in without a proof.
        var _ = handshake.sessionProof();
        told = true;
        Welcome welcome = Welcome.parseFrom(frame.header());
        connection.authenticated(
            this, link.opened(connection, welcome, handshake.serverGeneration()));
      }
      case REFUSED -> throw Refusal.fromWire(Refused.parseFrom(frame.header()));
      case HELLO,
          PROOF,
          PING,
          PONG,
          DATA_REQUEST,
          DATA_REPLY,
          PEER_REQUEST,
          PEER_REPLY,
          REPLICA_REQUEST,
          REPLICA_REPLY ->
          throw unavailable("sends a " + frame.type() + " in the handshake");
    }
  }

  private void fail(KurveException why) {
    if (!told) {
      told = true;
      link.failed(why);
    }
    connection.close();
  }

  private KurveException unavailable(String what) {
    return new KurveException(
        ErrorCode.UNAVAILABLE,
        "the server at " + target.address() + " " + what,
        "see its log, and whether it is a Kurve chunkserver");
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof OtherVersion(int version)) {
      fail(Refusal.otherVersion("the server at " + target.address(), version));
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    fail(unavailable("closed the connection in the handshake"));
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    fail(unavailable("failed in the handshake: " + cause.getMessage()));
  }
}
