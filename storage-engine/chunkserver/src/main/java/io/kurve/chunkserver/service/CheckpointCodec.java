package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.ReplicaPeer.Manifest;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.ReplicaMessages.CheckpointManifest;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metastore.Bytes;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The opaque part of a checkpoint on its way to another replica: version i32, count i32, each
 * chunk's volume, index and id as i64, then the control state, which has its own checksum and seals
 * the list.
 */
final class CheckpointCodec {
  private static final int VERSION = 1;
  private static final int ADDRESS_BYTES = 3 * Long.BYTES;

  private CheckpointCodec() {}

  static CheckpointManifest encode(Manifest manifest) {
    byte[] state = manifest.state().toArray();
    ByteBuffer out =
        ByteBuffer.allocate(
            2 * Integer.BYTES + manifest.chunks().size() * ADDRESS_BYTES + state.length);
    out.putInt(VERSION).putInt(manifest.chunks().size());
    for (ChunkAddress chunk : manifest.chunks()) {
      out.putLong(chunk.volume().value()).putLong(chunk.index()).putLong(chunk.chunk().value());
    }
    return new CheckpointManifest(manifest.at(), manifest.membership(), out.put(state).flip());
  }

  static Manifest decode(CheckpointManifest message) throws IOException {
    ByteBuffer in = message.controlState().slice();
    try {
      int version = in.getInt();
      if (version != VERSION) {
        throw new IOException("a checkpoint of version " + version + ", not " + VERSION);
      }
      List<ChunkAddress> chunks = new ArrayList<>();
      for (int left = in.getInt(); left > 0; left--) {
        chunks.add(
            new ChunkAddress(new VolumeId(in.getLong()), in.getLong(), new ChunkId(in.getLong())));
      }
      byte[] state = new byte[in.remaining()];
      in.get(state);
      return new Manifest(message.at(), message.membership(), Bytes.copyOf(state), chunks);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new IOException("a checkpoint that does not hold together", e);
    }
  }
}
