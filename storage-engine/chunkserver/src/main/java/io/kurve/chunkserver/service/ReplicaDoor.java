package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.ChunkBlocks;
import io.kurve.chunkserver.copyset.ChunkBlocks.RepairRead;
import io.kurve.chunkserver.copyset.DamagedBlockException;
import io.kurve.chunkserver.copyset.Digest128;
import io.kurve.chunkserver.copyset.ReplicaPeer;
import io.kurve.chunkserver.copyset.ReplicaPeer.BlockTable;
import io.kurve.chunkserver.copyset.ReplicaPeer.Blocks;
import io.kurve.core.data.ReplicaMessages.BlockDigests;
import io.kurve.core.data.ReplicaMessages.BlockDigestsQuery;
import io.kurve.core.data.ReplicaMessages.CheckpointManifest;
import io.kurve.core.data.ReplicaMessages.ChunkSums;
import io.kurve.core.data.ReplicaMessages.ChunkSumsQuery;
import io.kurve.core.data.ReplicaMessages.Digest;
import io.kurve.core.data.ReplicaMessages.FetchBlocks;
import io.kurve.core.data.ReplicaMessages.FetchedBlocks;
import io.kurve.core.data.ReplicaMessages.ReadForRepair;
import io.kurve.core.data.ReplicaMessages.RepairBlocks;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import java.io.IOException;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** What this chunkserver's replicas give to those on other chunkservers. */
public final class ReplicaDoor implements ReplicaService {
  /** For one answer: who asks waits for it. */
  private static final int MOST_REPAIRS = 16;

  private final Copysets copysets;
  private final Executor io;

  /**
   * @param io bounded: throws RejectedExecutionException when full
   */
  public ReplicaDoor(Copysets copysets, Executor io) {
    this.copysets = copysets;
    this.io = io;
  }

  @Override
  public CompletionStage<RepairBlocks> readForRepair(CopysetKey copyset, ReadForRepair request) {
    return answer(
        copyset,
        blocks -> {
          if (!copysets.find(copyset).map(CopysetReplica::isUpToDate).orElse(false)) {
            throw new IOException(copyset + " replays or lags here: no source for a repair");
          }
          RepairRead read =
              blocks
                  .readForRepair(request.chunk(), request.firstBlock(), request.blockCount())
                  .orElseThrow(() -> notFound(copyset + " has no " + request.chunk() + " here"));
          return new RepairBlocks(
              read.data(), read.checksums(), read.appliedIndex(), read.damaged().isEmpty());
        });
  }

  @Override
  public CompletionStage<CheckpointManifest> checkpoint(CopysetKey copyset) {
    return answer(copyset, blocks -> CheckpointCodec.encode(blocks.manifest()));
  }

  @Override
  public CompletionStage<ChunkSums> chunkSums(CopysetKey copyset, ChunkSumsQuery query) {
    return answer(
        copyset,
        blocks -> {
          long applied = blocks.appliedIndex();
          Optional<BlockTable> table = blocks.table(query.chunk());
          if (table.isEmpty()) {
            return new ChunkSums(
                Optional.empty(), new int[0], new BitSet(), Optional.empty(), applied);
          }
          Optional<Digest> digest =
              query.contentDigest()
                  ? blocks.contentDigest(query.chunk()).map(ReplicaDoor::digest)
                  : Optional.empty();
          return new ChunkSums(
              Optional.of(table.get().address()),
              table.get().checksums(),
              table.get().written(),
              digest,
              applied);
        });
  }

  @Override
  public CompletionStage<BlockDigests> blockDigests(CopysetKey copyset, BlockDigestsQuery query) {
    return answer(
        copyset,
        blocks -> {
          long applied = blocks.appliedIndex();
          ReplicaPeer.BlockDigests found =
              blocks
                  .blockDigests(query.chunk(), query.blocks())
                  .orElseThrow(() -> notFound(copyset + " has no " + query.chunk() + " here"));
          return new BlockDigests(
              found.digests().stream().map(ReplicaDoor::digest).toList(),
              found.unreadable(),
              applied);
        });
  }

  private static Digest digest(Digest128 digest) {
    return new Digest(digest.high(), digest.low());
  }

  @Override
  public CompletionStage<FetchedBlocks> fetchBlocks(CopysetKey copyset, FetchBlocks request) {
    return answer(
        copyset,
        blocks -> {
          long applied = blocks.appliedIndex();
          Blocks found =
              blocks
                  .blocks(request.chunk(), request.blocks())
                  .orElseThrow(() -> notFound(copyset + " has no " + request.chunk() + " here"));
          return new FetchedBlocks(found.data(), found.checksums(), found.written(), applied);
        });
  }

  private <T> CompletionStage<T> answer(CopysetKey copyset, OnBlocks<T> work) {
    Optional<CopysetReplica> replica = copysets.find(copyset);
    return replica.isEmpty()
        ? CompletableFuture.failedStage(notFound("no replica of " + copyset + " here"))
        : new Question<>(replica.get(), work).ask();
  }

  /** What is damaged here is repaired first: no replica is made from one with damaged blocks. */
  private final class Question<T> {
    private final CopysetReplica replica;
    private final OnBlocks<T> work;
    private final CompletableFuture<T> answer = new CompletableFuture<>();
    private int repairsLeft = MOST_REPAIRS;

    Question(CopysetReplica replica, OnBlocks<T> work) {
      this.replica = replica;
      this.work = work;
    }

    CompletionStage<T> ask() {
      try {
        io.execute(this::complete);
      } catch (RejectedExecutionException e) {
        answer.completeExceptionally(
            new KurveException(
                ErrorCode.OVERLOAD, "too many reads wait for the disk", "come back"));
      }
      return answer;
    }

    private void complete() {
      try {
        answer.complete(work.on(replica.machine().blocks()));
      } catch (KurveException e) {
        answer.completeExceptionally(e);
      } catch (DamagedBlockException e) {
        mend(e);
      } catch (IOException e) {
        fail(e);
      }
    }

    private void mend(DamagedBlockException damage) {
      // Until it is, what does not match its checksum may be a write that is to be repeated.
      if (repairsLeft-- == 0 || !replica.isUpToDate()) {
        fail(damage);
        return;
      }
      try {
        replica
            .reads()
            .mend(
                damage.address(),
                damage.block(),
                whole -> {
                  if (whole) {
                    var unused = ask();
                  } else {
                    fail(damage);
                  }
                });
      } catch (RejectedExecutionException e) {
        fail(damage);
      }
    }

    private void fail(IOException why) {
      answer.completeExceptionally(
          new KurveException(
              ErrorCode.UNAVAILABLE, String.valueOf(why.getMessage()), "ask another replica", why));
    }
  }

  private static KurveException notFound(String what) {
    return new KurveException(ErrorCode.NOT_FOUND, what, "ask another replica");
  }

  @FunctionalInterface
  private interface OnBlocks<T> {
    T on(ChunkBlocks blocks) throws IOException;
  }
}
