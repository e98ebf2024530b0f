package io.kurve.protocol.frame;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.util.concurrent.Future;

/** One connection that speaks in frames. Methods but {@link #close} are for its loop. */
public final class FrameConnection {
  private final Channel channel;
  private final FrameDecoder decoder = new FrameDecoder();

  private FrameConnection(Channel channel) {
    this.channel = channel;
  }

  /** Puts the codec, and behind it the handshake, into a new channel's pipeline. */
  public static FrameConnection install(Channel channel) {
    FrameConnection connection = new FrameConnection(channel);
    channel.pipeline().addLast(new FrameEncoder()).addLast(connection.decoder);
    return connection;
  }

  /** The handshake is over: now other frames may come, and no more of it. */
  public void authenticated(ChannelHandler handshake, ChannelHandler next) {
    decoder.authenticated();
    channel.pipeline().replace(handshake, null, next);
  }

  /**
   * Without a flush.
   *
   * @param gone told when the frame has left for the socket or never will; until then its payload
   *     must stay unchanged
   */
  public void write(Frame frame, Runnable gone) {
    channel.write(frame).addListener((Future<Void> done) -> gone.run());
  }

  /** With a flush. */
  public void send(Frame frame) {
    var _ = channel.writeAndFlush(frame, channel.voidPromise());
  }

  public void flush() {
    channel.flush();
  }

  public void sendAndClose(Frame last) {
    channel.writeAndFlush(last).addListener((Future<Void> done) -> close());
  }

  /** From any thread. */
  public void close() {
    var _ = channel.close();
  }

  public String remote() {
    return String.valueOf(channel.remoteAddress());
  }
}
