package io.kurve.chunkserver.copyset;

import io.kurve.core.data.ChunkAddress;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverCommands.Grant;
import java.nio.ByteBuffer;

/**
 * What a copyset's log holds. Whether a command takes effect is decided when it is applied, by
 * control state and command only, so that every replica and every replay decides the same.
 */
public sealed interface Command {

  /** A change of blocks that a client asked for under an attachment. */
  sealed interface BlockChange extends Command {
    Origin origin();

    ChunkAddress address();

    int firstBlock();

    int blockCount();
  }

  /** A command of the MDS; one with a lower term than this copyset has applied is refused. */
  sealed interface MdsCommand extends Command {
    MdsTerm term();
  }

  /**
   * Who asked, and what it no longer asks for.
   *
   * @param answeredBelow every request of the attachment with a lower number was answered
   */
  record Origin(RequestId id, long answeredBelow, long volumeSequence) {}

  /**
   * @param blocks its remaining bytes are whole blocks; read-only
   * @param checksums CRC32C of each block, as the client computed it
   */
  record Write(
      Origin origin, ChunkAddress address, int firstBlock, ByteBuffer blocks, int[] checksums)
      implements BlockChange {
    @Override
    public int blockCount() {
      return checksums.length;
    }
  }

  record WriteZeroes(Origin origin, ChunkAddress address, int firstBlock, int blockCount)
      implements BlockChange {}

  record Discard(Origin origin, ChunkAddress address, int firstBlock, int blockCount)
      implements BlockChange {}

  /**
   * @param sentAtRevision of the metadata store, that the MDS had reached when it sent the command
   */
  record SetGrant(MdsTerm term, long sentAtRevision, Grant grant) implements MdsCommand {}

  /** Changes nothing. */
  record Barrier() implements Command {}

  /**
   * @param deletingTransaction the revision of the transaction that made the volume Deleting
   */
  record PurgeVolume(MdsTerm term, VolumeId volume, long deletingTransaction)
      implements MdsCommand {}
}
