package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.entity.RaftOutter.SnapshotMeta;
import com.alipay.sofa.jraft.storage.snapshot.SnapshotWriter;
import com.google.protobuf.Message;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Carries from jraft to {@link StateMachineCaller} where the checkpoint is to stand. */
final class CheckpointWriter extends SnapshotWriter {
  /** The image that was persisted says the same. */
  @Override
  public boolean saveMeta(SnapshotMeta saved) {
    return true;
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
  public void close(boolean keepDataOnError) {
    // Nothing is open.
  }

  @Override
  public boolean addFile(String file, @Nullable Message fileMeta) {
    return false;
  }

  @Override
  public boolean removeFile(String file) {
    return false;
  }

  @Override
  public String getPath() {
    return "checkpoint-" + getCurrentMeta().getLastIncludedIndex();
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
