package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.entity.RaftOutter.SnapshotMeta;
import com.alipay.sofa.jraft.storage.snapshot.SnapshotReader;
import com.google.protobuf.Message;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Says where a checkpoint stands and which replica has it. Who asks for its address has another
 * replica fetch it, until it is closed.
 */
final class CheckpointReader extends SnapshotReader {
  private final ReplicaId holder;
  private final Checkpoint checkpoint;
  private final Loans loans;
  private final AtomicBoolean lent = new AtomicBoolean();

  CheckpointReader(ReplicaId holder, Checkpoint checkpoint, Loans loans) {
    this.holder = holder;
    this.checkpoint = checkpoint;
    this.loans = loans;
  }

  Checkpoint checkpoint() {
    return checkpoint;
  }

  @Override
  public boolean init(@Nullable Void options) {
    return true;
  }

  @Override
  public void shutdown() {
    // Nothing is open.
  }

  @Override
  public void close() {
    if (lent.getAndSet(false)) {
      loans.returned();
    }
  }

  @Override
  public SnapshotMeta load() {
    return CheckpointMeta.encode(checkpoint);
  }

  @Override
  public String generateURIForCopy() {
    if (!lent.getAndSet(true)) {
      loans.lent(checkpoint.at().index());
    }
    return PeerNames.peer(holder).getIp();
  }

  @Override
  public String getPath() {
    return "checkpoint-" + checkpoint.at().index();
  }

  @Override
  public Set<String> listFiles() {
    return Set.of();
  }

  @Override
  public @Nullable Message getFileMeta(String file) {
    return null;
  }
}
