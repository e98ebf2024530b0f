package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.Digest128;
import io.kurve.chunkserver.copyset.ReplicaPeer;
import io.kurve.core.data.ReplicaMessages;
import io.kurve.core.data.ReplicaMessages.BlockDigestsQuery;
import io.kurve.core.data.ReplicaMessages.ChunkSums;
import io.kurve.core.data.ReplicaMessages.ChunkSumsQuery;
import io.kurve.core.data.ReplicaMessages.FetchBlocks;
import io.kurve.core.data.ReplicaMessages.FetchedBlocks;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** Other replicas by their services, for an install that waits for each answer. */
final class RemotePeers implements ReplicaPeer {
  private static final Duration DEADLINE = Duration.ofSeconds(30);

  private final Function<ReplicaId, ReplicaService> services;

  RemotePeers(Function<ReplicaId, ReplicaService> services) {
    this.services = services;
  }

  @Override
  public Manifest manifest(ReplicaId source, CopysetKey copyset)
      throws IOException, InterruptedException {
    return CheckpointCodec.decode(
        await(source, services.apply(source).checkpoint(copyset))
            .orElseThrow(() -> new IOException(source + " has no replica of " + copyset)));
  }

  @Override
  public Optional<BlockTable> table(ReplicaId source, CopysetKey copyset, ChunkId chunk)
      throws IOException, InterruptedException {
    Optional<ChunkSums> sums =
        await(source, services.apply(source).chunkSums(copyset, new ChunkSumsQuery(chunk, false)));
    return sums.flatMap(found ->
        found
            .address()
            .map(address -> new BlockTable(address, found.written(), found.checksums())));
  }

  @Override
  public Optional<Digest128> contentDigest(ReplicaId source, CopysetKey copyset, ChunkId chunk)
      throws IOException, InterruptedException {
    return await(source, services.apply(source).chunkSums(copyset, new ChunkSumsQuery(chunk, true)))
        .flatMap(ChunkSums::contentDigest)
        .map(RemotePeers::digest);
  }

  @Override
  public Optional<BlockDigests> blockDigests(
      ReplicaId source, CopysetKey copyset, ChunkId chunk, int[] numbers)
      throws IOException, InterruptedException {
    return await(
            source,
            services.apply(source).blockDigests(copyset, new BlockDigestsQuery(chunk, numbers)))
        .map(found ->
            new BlockDigests(
                found.digests().stream().map(RemotePeers::digest).toList(), found.unreadable()));
  }

  private static Digest128 digest(ReplicaMessages.Digest digest) {
    return new Digest128(digest.high(), digest.low());
  }

  @Override
  public Optional<Blocks> blocks(ReplicaId source, CopysetKey copyset, ChunkId chunk, int[] numbers)
      throws IOException, InterruptedException {
    Optional<FetchedBlocks> fetched =
        await(source, services.apply(source).fetchBlocks(copyset, new FetchBlocks(chunk, numbers)));
    return fetched.map(found -> new Blocks(found.data(), found.checksums(), found.written()));
  }

  /** Empty when the other side said NOT_FOUND. */
  private static <T> Optional<T> await(ReplicaId source, CompletionStage<T> stage)
      throws IOException, InterruptedException {
    try {
      return Optional.of(
          stage.toCompletableFuture().get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof KurveException kurve && kurve.code() == ErrorCode.NOT_FOUND) {
        return Optional.empty();
      }
      throw new IOException(source + " did not answer: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new IOException(source + " did not answer in " + DEADLINE.toSeconds() + " s", e);
    }
  }
}
