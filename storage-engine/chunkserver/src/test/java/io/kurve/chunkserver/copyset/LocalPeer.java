package io.kurve.chunkserver.copyset;

import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reaches one other replica by method call; fails at a chosen call, and runs what a test puts
 * between.
 */
final class LocalPeer implements ReplicaPeer {
  @Nullable Supplier<ChunkBlocks> source;
  Runnable beforeEachCall = () -> {};
  int callsUntilFailure = Integer.MAX_VALUE;
  int calls;
  int digestsAsked;

  /** Its list of chunks is not the one that its control state seals. */
  boolean forgetsChunks;

  private ChunkBlocks source() throws IOException {
    beforeEachCall.run();
    if (source == null || ++calls > callsUntilFailure) {
      throw new IOException("the source is gone");
    }
    return source.get();
  }

  @Override
  public Manifest manifest(ReplicaId from, CopysetKey copyset) throws IOException {
    Manifest whole = source().manifest();
    return forgetsChunks
        ? new Manifest(whole.at(), whole.membership(), whole.state(), List.of())
        : whole;
  }

  @Override
  public Optional<BlockTable> table(ReplicaId from, CopysetKey copyset, ChunkId chunk)
      throws IOException {
    return source().table(chunk);
  }

  @Override
  public Optional<Digest128> contentDigest(ReplicaId from, CopysetKey copyset, ChunkId chunk)
      throws IOException {
    return source().contentDigest(chunk);
  }

  @Override
  public Optional<BlockDigests> blockDigests(
      ReplicaId from, CopysetKey copyset, ChunkId chunk, int[] numbers) throws IOException {
    digestsAsked += numbers.length;
    return source().blockDigests(chunk, numbers);
  }

  @Override
  public Optional<Blocks> blocks(ReplicaId from, CopysetKey copyset, ChunkId chunk, int[] numbers)
      throws IOException {
    return source().blocks(chunk, numbers);
  }
}
