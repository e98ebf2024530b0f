package io.kurve.blockdev.keeper;

import io.kurve.blockdev.keeper.KeptAttachment.KeptDevice;
import io.kurve.blockdev.keeper.KeptAttachment.KeptVolume;
import io.kurve.blockdev.keeper.KeptAttachment.KernelTerms;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * Messages as bytes, big-endian, one in each packet of the socket:
 *
 * <pre>
 *   0  u32 magic "KVKP"
 *   4  u16 version, u16 kind
 *   8  body
 *  -4  u32 CRC32C of all before
 * </pre>
 *
 * A text is its length (u16) and UTF-8. A later version may append to bodies and add kinds; one
 * that this version does not know is refused.
 */
public final class KeeperCodec {
  private static final int MAGIC = 0x4B56_4B50;
  private static final short VERSION = 1;
  private static final int HEADER_BYTES = 8;
  private static final int CRC_BYTES = 4;
  private static final int MAX_BYTES = 4096;

  private static final short SUCCEED = 1;
  private static final short SERVING = 2;
  private static final short DEPOSIT = 3;
  private static final short REMOVE = 4;
  private static final short GIVEN = 5;
  private static final short ALL_GIVEN = 6;
  private static final short HAND_OVER = 7;
  private static final short STOP = 8;
  private static final short REPLACE = 9;
  private static final short DONE = 10;
  private static final short REFUSED = 11;

  private KeeperCodec() {}

  public static byte[] encode(KeeperMessage message) {
    ByteBuffer bytes = ByteBuffer.allocate(MAX_BYTES);
    bytes.putInt(MAGIC).putShort(VERSION).putShort(kind(message));
    switch (message) {
      case KeeperMessage.Deposit deposit -> put(bytes, deposit.kept());
      case KeeperMessage.Given given -> put(bytes, given.kept());
      case KeeperMessage.Remove remove -> bytes.putLong(remove.attachment().value());
      case KeeperMessage.Refused refused -> put(bytes, refused.why());
      case KeeperMessage.Succeed succeed -> {}
      case KeeperMessage.Serving serving -> {}
      case KeeperMessage.AllGiven allGiven -> {}
      case KeeperMessage.HandOver handOver -> {}
      case KeeperMessage.Stop stop -> {}
      case KeeperMessage.Replace replace -> {}
      case KeeperMessage.Done done -> {}
    }
    CRC32C crc = new CRC32C();
    crc.update(bytes.array(), 0, bytes.position());
    bytes.putInt((int) crc.getValue());
    byte[] encoded = new byte[bytes.position()];
    bytes.flip().get(encoded);
    return encoded;
  }

  private static short kind(KeeperMessage message) {
    return switch (message) {
      case KeeperMessage.Succeed succeed -> SUCCEED;
      case KeeperMessage.Serving serving -> SERVING;
      case KeeperMessage.Deposit deposit -> DEPOSIT;
      case KeeperMessage.Remove remove -> REMOVE;
      case KeeperMessage.Given given -> GIVEN;
      case KeeperMessage.AllGiven allGiven -> ALL_GIVEN;
      case KeeperMessage.HandOver handOver -> HAND_OVER;
      case KeeperMessage.Stop stop -> STOP;
      case KeeperMessage.Replace replace -> REPLACE;
      case KeeperMessage.Done done -> DONE;
      case KeeperMessage.Refused refused -> REFUSED;
    };
  }

  /**
   * @throws KurveException UNSUPPORTED for a newer version, INTERNAL for what is no message
   */
  public static KeeperMessage decode(byte[] message) {
    ByteBuffer bytes = ByteBuffer.wrap(message);
    if (message.length < HEADER_BYTES + CRC_BYTES || bytes.getInt(0) != MAGIC) {
      throw broken("no message of a keeper");
    }
    int version = bytes.getShort(4);
    if (version != VERSION) {
      throw new KurveException(
          ErrorCode.UNSUPPORTED,
          "the other end speaks version " + version + " of the keeper's protocol, not " + VERSION,
          "restart the older of keeper and volume host in the newer version");
    }
    int end = message.length - CRC_BYTES;
    CRC32C crc = new CRC32C();
    crc.update(message, 0, end);
    if (bytes.getInt(end) != (int) crc.getValue()) {
      throw broken("a damaged message of a keeper");
    }
    try {
      return body(bytes.getShort(6), bytes.slice(HEADER_BYTES, end - HEADER_BYTES));
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw broken("a message of a keeper that ends too early or makes no sense");
    }
  }

  private static KeeperMessage body(short kind, ByteBuffer body) {
    return switch (kind) {
      case SUCCEED -> new KeeperMessage.Succeed();
      case SERVING -> new KeeperMessage.Serving();
      case DEPOSIT -> new KeeperMessage.Deposit(kept(body));
      case REMOVE -> new KeeperMessage.Remove(new AttachmentId(body.getLong()));
      case GIVEN -> new KeeperMessage.Given(kept(body));
      case ALL_GIVEN -> new KeeperMessage.AllGiven();
      case HAND_OVER -> new KeeperMessage.HandOver();
      case STOP -> new KeeperMessage.Stop();
      case REPLACE -> new KeeperMessage.Replace();
      case DONE -> new KeeperMessage.Done();
      case REFUSED -> new KeeperMessage.Refused(text(body));
      default -> throw broken("a message of kind " + kind);
    };
  }

  private static void put(ByteBuffer bytes, KeptAttachment kept) {
    bytes.putLong(kept.attachment().value());
    KeptVolume volume = kept.volume();
    bytes.putLong(volume.id().value());
    put(bytes, volume.name());
    bytes
        .putLong(volume.sizeBytes())
        .putInt(volume.logicalBlockBytes())
        .put((byte) (volume.shared() ? 1 : 0))
        .putLong(volume.sequence())
        .putInt(kept.device().loop());
    put(bytes, kept.device().link());
    bytes
        .putInt(kept.kernel().maxBackground())
        .putInt(kept.kernel().maxWriteBytes())
        .put((byte) (kept.kernel().resends() ? 1 : 0));
  }

  private static KeptAttachment kept(ByteBuffer body) {
    AttachmentId attachment = new AttachmentId(body.getLong());
    KeptVolume volume =
        new KeptVolume(
            new VolumeId(body.getLong()),
            text(body),
            body.getLong(),
            body.getInt(),
            body.get() != 0,
            body.getLong());
    KeptDevice device = new KeptDevice(body.getInt(), text(body));
    KernelTerms terms = new KernelTerms(body.getInt(), body.getInt(), body.get() != 0);
    return new KeptAttachment(attachment, volume, device, terms);
  }

  private static void put(ByteBuffer bytes, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    bytes.putShort((short) utf8.length).put(utf8);
  }

  private static String text(ByteBuffer body) {
    byte[] utf8 = new byte[Short.toUnsignedInt(body.getShort())];
    body.get(utf8);
    return new String(utf8, StandardCharsets.UTF_8);
  }

  private static KurveException broken(String what) {
    return new KurveException(
        ErrorCode.INTERNAL, what + " came over its socket", "see who else uses that socket");
  }
}
