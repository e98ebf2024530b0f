package io.kurve.protocol.data;

import com.google.protobuf.InvalidProtocolBufferException;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.convert.BadMessage;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameConnection;
import io.kurve.protocol.frame.FrameType;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.timeout.IdleStateEvent;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The asking side of an open connection. */
final class LinkHandler extends SimpleChannelInboundHandler<Frame> {
  private static final Logger log = LoggerFactory.getLogger(LinkHandler.class);
  private static final int SILENCES_UNTIL_LOST = 3;

  private final FrameConnection connection;
  private final Link link;
  private final HostAndPort address;
  private final Optional<StoreGeneration> server;
  private int silences;
  private String why;

  /**
   * @param server which start of its store it says it is
   */
  LinkHandler(
      FrameConnection connection,
      Link link,
      HostAndPort address,
      Optional<StoreGeneration> server) {
    this.connection = connection;
    this.link = link;
    this.address = address;
    this.server = server;
    this.why = "the connection with " + address + " was closed by the server";
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, Frame frame)
      throws InvalidProtocolBufferException {
    silences = 0;
    switch (frame.type()) {
      case PONG -> {}
      case DATA_REPLY -> link.answered(frame);
      case PEER_REPLY -> {
        server.ifPresent(link::heard);
        link.answered(frame);
      }
      case REPLICA_REPLY -> {
        link.requireNewest(server);
        link.answered(frame);
      }
      case HELLO,
          CHALLENGE,
          PROOF,
          WELCOME,
          REFUSED,
          PING,
          DATA_REQUEST,
          PEER_REQUEST,
          REPLICA_REQUEST ->
          throw new BadMessage("a " + frame.type() + " frame is not for a client");
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!(event instanceof IdleStateEvent)) {
      return;
    }
    silences++;
    if (silences >= SILENCES_UNTIL_LOST) {
      why = "nothing comes from " + address + " any more";
      log.warn("closing connection: {}", why);
      connection.close();
    } else {
      connection.send(Frame.of(FrameType.PING, 0, new byte[0]));
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    link.lost(why);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    why = "the connection with " + address + " failed: " + cause.getMessage();
    if (cause instanceof IOException
        || cause instanceof BadMessage
        || cause instanceof KurveException) {
      log.info("closing connection with {}: {}", address, cause.getMessage());
    } else {
      log.error("closing connection with {}", address, cause);
    }
    connection.close();
  }
}
