package io.kurve.protocol.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Writes a frame as two buffers that go out in one gathering write: preamble with header, and the
 * payload as it is, uncopied.
 */
final class FrameEncoder extends ChannelOutboundHandlerAdapter {
  private final CRC32C crc = new CRC32C();

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    Frame frame = (Frame) message;
    requireWithinLimits(frame);
    ByteBuf head = context.alloc().buffer(Frame.PREAMBLE_BYTES + frame.header().length);
    encodeHead(frame, head, crc);
    if (frame.payloadBytes() > 0) {
      // The first write's failure closes the connection, and with it the second fails too.
      var _ = context.write(head, context.voidPromise());
      var _ =
          context.write(Unpooled.wrappedBuffer(frame.parts().toArray(ByteBuffer[]::new)), promise);
    } else {
      var _ = context.write(head, promise);
    }
  }

  private static void requireWithinLimits(Frame frame) {
    FrameType type = frame.type();
    int headerBytes = frame.header().length;
    int payloadBytes = frame.payloadBytes();
    if (headerBytes > type.maxHeaderBytes() || payloadBytes > type.maxPayloadBytes()) {
      throw new IllegalArgumentException(
          type + " frame of " + headerBytes + " + " + payloadBytes + " bytes is too long to send");
    }
  }

  static void encodeHead(Frame frame, ByteBuf head, CRC32C crc) {
    int start = head.writerIndex();
    head.writeInt(Frame.MAGIC);
    head.writeByte(Frame.VERSION);
    head.writeByte(frame.type().code());
    head.writeShort(0);
    head.writeInt(frame.header().length);
    head.writeInt(frame.payloadBytes());
    head.writeLong(frame.correlation());
    head.writeInt(0);
    crc.reset();
    crc.update(head.nioBuffer(start, Frame.CHECKSUM_OFFSET));
    crc.update(frame.header());
    head.writeInt((int) crc.getValue());
    head.writeBytes(frame.header());
  }
}
