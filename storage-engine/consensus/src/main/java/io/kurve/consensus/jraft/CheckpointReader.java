package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.entity.RaftOutter.SnapshotMeta;
import com.alipay.sofa.jraft.storage.snapshot.SnapshotReader;
import com.google.protobuf.Message;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Says where a checkpoint stands and which replica has it. */
final class CheckpointReader extends SnapshotReader {
  private final ReplicaId holder;
  private final Checkpoint checkpoint;

  CheckpointReader(ReplicaId holder, Checkpoint checkpoint) {
    this.holder = holder;
    this.checkpoint = checkpoint;
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
    // Nothing is open.
  }

  @Override
  public SnapshotMeta load() {
    return CheckpointMeta.encode(checkpoint);
  }

  @Override
  public String generateURIForCopy() {
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
