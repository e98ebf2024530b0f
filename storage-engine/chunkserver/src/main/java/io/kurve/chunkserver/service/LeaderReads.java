package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.chunkserver.service.ServiceMetrics.Stage;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.RequestId;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * Reads of one copyset at its leader. The proof that it leads is asked for after the read arrived
 * and before the state is looked at, so what is read is no older than any write answered before the
 * read.
 */
final class LeaderReads {
  private final CopysetStateMachine machine;
  private final LeaderProof proof;
  private final Doorkeeping shared;
  private final BlockRepair repair;
  private final Executor repairs;

  /**
   * @param repairs bounded: throws RejectedExecutionException when full
   */
  LeaderReads(
      CopysetStateMachine machine,
      LeaderProof proof,
      Doorkeeping shared,
      BlockRepair repair,
      Executor repairs) {
    this.machine = machine;
    this.proof = proof;
    this.shared = shared;
    this.repair = repair;
    this.repairs = repairs;
  }

  void submit(DataRequest request, Arrival arrival, Consumer<DataReply> answer) {
    ReadRequest read = new ReadRequest(request, arrival, answer);
    proof.ask(permission -> {
      switch (permission) {
        case ReadPermission.Refused refused ->
            finish(read, Replies.notLeader(refused.leader(), refused.why()));
        case ReadPermission.Granted _ -> queue(read);
      }
    });
  }

  private void queue(ReadRequest read) {
    try {
      shared.io().execute(() -> serve(read, true));
    } catch (RejectedExecutionException e) {
      read.answer().accept(Replies.failed(ErrorCode.OVERLOAD, "too many reads wait for the disk"));
    }
  }

  /** Blocks that are known to be bad. */
  int damagedBlocks() {
    return repair.outstanding();
  }

  /**
   * For another replica that is to get the block, and can't while it is damaged here.
   *
   * @param done tells whether it is whole
   * @throws RejectedExecutionException when too many wait for it
   */
  void mend(ChunkAddress address, int block, Consumer<Boolean> done) {
    repairs.execute(() -> {
      try {
        done.accept(repair.repair(address, block) == BlockRepair.Outcome.REPAIRED);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        done.accept(false);
      }
    });
  }

  private void serve(ReadRequest read, boolean mayRepair) {
    long begin = shared.nanoTime().getAsLong();
    if (mayRepair) {
      shared.metrics().took(Stage.QUEUE, begin - read.arrivedNanos());
    }
    Optional<DataReply> refusal =
        read.arrival()
            .tooLate(begin)
            .or(() -> machine.readVerdict(read.address(), read.id().attachment()).map(Replies::of));
    if (refusal.isPresent()) {
      finish(read, refusal.get());
      return;
    }
    ByteBuffer target = ByteBuffer.allocate(read.request().operation().length());
    int[] checksums = new int[read.blockCount()];
    BitSet damaged;
    try {
      damaged =
          machine
              .blocks()
              .read(read.address(), read.firstBlock(), read.blockCount(), target, checksums);
    } catch (IOException e) {
      finish(read, Replies.failed(ErrorCode.UNAVAILABLE, String.valueOf(e.getMessage())));
      return;
    }
    shared.metrics().took(Stage.DISK, shared.nanoTime().getAsLong() - begin);
    if (damaged.isEmpty()) {
      finish(read, new DataReply.Data(target.clear(), checksums));
    } else if (mayRepair) {
      repairLater(read, damaged);
    } else {
      finish(read, Replies.failed(ErrorCode.UNAVAILABLE, "a block is damaged again"));
    }
  }

  private void repairLater(ReadRequest read, BitSet damaged) {
    try {
      repairs.execute(() -> repairAndServe(read, damaged));
    } catch (RejectedExecutionException e) {
      finish(read, Replies.failed(ErrorCode.OVERLOAD, "too many damaged blocks wait for repair"));
    }
  }

  private void repairAndServe(ReadRequest read, BitSet damaged) {
    try {
      for (int i : damaged.stream().toArray()) {
        switch (repair.repair(read.address(), read.firstBlock() + i)) {
          case REPAIRED -> {}
          case LOST -> {
            finish(
                read,
                Replies.failed(
                    ErrorCode.DATA_LOST,
                    "block "
                        + (read.firstBlock() + i)
                        + " of "
                        + read.address()
                        + " is damaged on all replicas"));
            return;
          }
          case NOT_NOW -> {
            finish(
                read,
                Replies.failed(
                    ErrorCode.UNAVAILABLE,
                    "block " + (read.firstBlock() + i) + " is damaged and waits for a peer"));
            return;
          }
        }
      }
      serve(read, false);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      finish(read, Replies.failed(ErrorCode.UNAVAILABLE, "the chunkserver stops"));
    }
  }

  private void finish(ReadRequest read, DataReply reply) {
    long now = shared.nanoTime().getAsLong();
    long tookNanos = now - read.arrivedNanos();
    if (shared.slowLog().isSlow(tookNanos)) {
      shared
          .slowLog()
          .say(
              read.id(),
              machine.copyset(),
              "read, %s after %d ms".formatted(Replies.outcome(reply), tookNanos / 1_000_000),
              now);
    }
    read.answer().accept(reply);
  }

  private record ReadRequest(DataRequest request, Arrival arrival, Consumer<DataReply> answer) {
    long arrivedNanos() {
      return arrival.atNanos();
    }

    RequestId id() {
      return request.context().id();
    }

    ChunkAddress address() {
      return request.address();
    }

    int firstBlock() {
      return request.operation().offset() / Geometry.BLOCK_BYTES;
    }

    int blockCount() {
      return request.operation().length() / Geometry.BLOCK_BYTES;
    }
  }
}
