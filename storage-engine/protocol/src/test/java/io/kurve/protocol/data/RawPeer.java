package io.kurve.protocol.data;

import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameConnection;
import io.kurve.protocol.frame.FrameType;
import io.kurve.protocol.handshake.AskerHandshake;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.v1.Challenge;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** A socket that says what it likes. */
final class RawPeer implements AutoCloseable {
  private static final int PREAMBLE_BYTES = 32;

  private final Socket socket;
  private final DataInputStream in;

  RawPeer(HostAndPort address) throws IOException {
    socket = new Socket(address.host(), address.port());
    socket.setSoTimeout(10_000);
    in = new DataInputStream(socket.getInputStream());
  }

  static byte[] encode(Frame frame) {
    EmbeddedChannel channel = new EmbeddedChannel();
    FrameConnection unused = FrameConnection.install(channel);
    boolean written = channel.writeOutbound(frame);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      bytes.writeBytes(ByteBufUtil.getBytes(part));
      part.release();
    }
    boolean left = channel.finish();
    if (!written || left) {
      throw new AssertionError("the frame was not written whole");
    }
    return bytes.toByteArray();
  }

  void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  /** Fails to send when the server has hung up already, which is as good. */
  void sendIfOpen(byte[] bytes) throws IOException {
    try {
      send(bytes);
    } catch (SocketException hungUp) {
      socket.shutdownInput();
    }
  }

  void endOutput() throws IOException {
    socket.shutdownOutput();
  }

  record Received(int type, byte[] header) {}

  Received receive() throws IOException {
    byte[] preamble = new byte[PREAMBLE_BYTES];
    in.readFully(preamble);
    ByteBuffer fields = ByteBuffer.wrap(preamble);
    byte[] header = new byte[fields.getInt(8)];
    in.readFully(header);
    in.skipNBytes(fields.getInt(12));
    return new Received(fields.get(5), header);
  }

  /** True when the server hangs up, after whatever it still says. */
  boolean isHungUp() throws IOException {
    try {
      while (true) {
        byte unused = in.readByte();
      }
    } catch (EOFException end) {
      return true;
    } catch (SocketException reset) {
      return true;
    }
  }

  void handshake(Identity self) throws IOException {
    AskerHandshake handshake = new AskerHandshake(self, Optional.empty(), "raw");
    send(encode(Frame.of(FrameType.HELLO, 0, handshake.hello().toByteArray())));
    Challenge challenge = Challenge.parseFrom(receive().header());
    send(encode(Frame.of(FrameType.PROOF, 0, handshake.answer(challenge).toByteArray())));
    Received welcome = receive();
    if (welcome.type() != 4) {
      throw new AssertionError("not welcome: type " + welcome.type());
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
