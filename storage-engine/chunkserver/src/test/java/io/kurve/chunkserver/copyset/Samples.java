package io.kurve.chunkserver.copyset;

import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverCommands.Grant;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/** Words that the tests of this package share. */
public final class Samples {
  public static final CopysetKey COPYSET =
      new CopysetKey(new CopysetId(7), new CopysetGeneration(1));
  public static final VolumeId VOLUME = new VolumeId(3);
  public static final MdsTerm TERM = new MdsTerm(5);

  private Samples() {}

  public static ChunkAddress chunk(long id) {
    return new ChunkAddress(VOLUME, id - 100, new ChunkId(id));
  }

  public static Command.Origin origin(long attachment, long number) {
    return new Command.Origin(new RequestId(new AttachmentId(attachment), number, 0), 1, 1);
  }

  public static Command.SetGrant grant(long revision, long... attachments) {
    Set<AttachmentId> admitted = new TreeSet<>();
    Arrays.stream(attachments).forEach(id -> admitted.add(new AttachmentId(id)));
    return new Command.SetGrant(
        TERM, revision, new Grant(VOLUME, revision, admitted, attachments.length > 1));
  }

  public static ByteBuffer filled(int blocks, int value) {
    byte[] data = new byte[blocks * Geometry.BLOCK_BYTES];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) (value + i / Geometry.BLOCK_BYTES);
    }
    return ByteBuffer.wrap(data);
  }

  /**
   * Other bytes with the same checksums: each block plus the polynomial that the checksum divides
   * by.
   */
  public static ByteBuffer twin(ByteBuffer data) {
    ByteBuffer twin = ByteBuffer.allocate(data.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    twin.put(data.duplicate()).flip();
    for (int offset = 0; offset < twin.limit(); offset += Geometry.BLOCK_BYTES) {
      twin.putLong(offset, twin.getLong(offset) ^ (0x82f63b78L << 1 | 1));
    }
    return twin;
  }

  public static Command.Write write(
      Command.Origin origin, ChunkAddress chunk, int firstBlock, int blocks, int value) {
    return write(origin, chunk, firstBlock, filled(blocks, value));
  }

  public static Command.Write write(
      Command.Origin origin, ChunkAddress chunk, int firstBlock, ByteBuffer data) {
    return new Command.Write(origin, chunk, firstBlock, data, BlockChecksum.ofBlocks(data));
  }
}
