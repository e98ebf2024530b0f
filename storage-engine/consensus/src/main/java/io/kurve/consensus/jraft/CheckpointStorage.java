package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.entity.RaftOutter.SnapshotMeta;
import com.alipay.sofa.jraft.option.SnapshotCopierOptions;
import com.alipay.sofa.jraft.storage.SnapshotStorage;
import com.alipay.sofa.jraft.storage.SnapshotThrottle;
import com.alipay.sofa.jraft.storage.snapshot.SnapshotCopier;
import com.alipay.sofa.jraft.storage.snapshot.SnapshotReader;
import com.alipay.sofa.jraft.storage.snapshot.SnapshotWriter;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import java.io.IOException;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * What jraft takes for a snapshot is the state machine's own checkpoint; there are no files. Saving
 * is capture and persist ({@link StateMachineCaller}), reading is knowing where the newest one
 * stands, and installing is asking the state machine to fetch the leader's ({@link
 * CheckpointCopier}).
 *
 * <p>jraft drops the log up to the checkpoint before the newest, so that a follower that lags a
 * little catches up by log; and up to the newest when nothing came since.
 */
final class CheckpointStorage implements SnapshotStorage {
  private static final int REMEMBERED_TERMS = 8;

  private final ReplicaId self;
  private final Installation installation;
  private final Loans loans = new Loans();
  private final NavigableMap<Long, Long> terms = new ConcurrentSkipListMap<>();

  private volatile Checkpoint newest;
  private volatile LogPosition droppable = LogPosition.BEFORE_ALL;
  private volatile @Nullable Checkpoint wanted;

  CheckpointStorage(ReplicaId self, Checkpoint restored, Installation installation) {
    this.self = self;
    this.newest = restored;
    this.installation = installation;
    remember(restored.at());
  }

  /** Replaces the replica's state by the leader's while nothing is applied. */
  interface Installation {
    Checkpoint install(ReplicaId leader, Checkpoint wanted)
        throws IOException, InterruptedException;
  }

  Checkpoint newest() {
    return newest;
  }

  Loans loans() {
    return loans;
  }

  /** The log up to here may be dropped at any time. */
  LogPosition droppable() {
    return droppable;
  }

  /** The term of a checkpoint's last entry, which may not be in the log any more. */
  long term(long index) {
    Long term = terms.get(index);
    if (term == null) {
      throw new IllegalStateException("the log is to be cut at " + index + ", no checkpoint");
    }
    return term;
  }

  void saved(Checkpoint checkpoint) {
    newest = checkpoint;
    remember(checkpoint.at());
  }

  /**
   * jraft is through with a checkpoint: it does not look any more at what it drops after it.
   *
   * @param before the newest one when it began
   */
  void settled(Checkpoint before) {
    droppable = before.at();
  }

  /** The leader is about to have this checkpoint installed here. */
  void wanted(SnapshotMeta meta) {
    Checkpoint checkpoint = CheckpointMeta.decode(meta);
    remember(checkpoint.at());
    wanted = checkpoint;
  }

  private void remember(LogPosition at) {
    terms.put(at.index(), at.term());
    while (terms.size() > REMEMBERED_TERMS) {
      terms.pollFirstEntry();
    }
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
  public boolean setFilterBeforeCopyRemote() {
    return false;
  }

  @Override
  public void setSnapshotThrottle(SnapshotThrottle throttle) {
    // The state machine fetches at its own pace.
  }

  @Override
  public SnapshotWriter create() {
    return new CheckpointWriter();
  }

  @Override
  public @Nullable SnapshotReader open() {
    Checkpoint checkpoint = newest;
    return checkpoint.at().index() == 0 ? null : new CheckpointReader(self, checkpoint, loans);
  }

  @Override
  public @Nullable SnapshotReader copyFrom(String uri, SnapshotCopierOptions options) {
    throw new UnsupportedOperationException("jraft copies by startToCopyFrom");
  }

  @Override
  public @Nullable SnapshotCopier startToCopyFrom(String uri, SnapshotCopierOptions options) {
    Checkpoint target = wanted;
    if (target == null) {
      return null;
    }
    CheckpointCopier copier =
        new CheckpointCopier(self, PeerNames.replica(uri), target, this::install);
    copier.start();
    return copier;
  }

  private Checkpoint install(ReplicaId leader, Checkpoint target)
      throws IOException, InterruptedException {
    Checkpoint installed = installation.install(leader, target);
    remember(installed.at());
    newest = installed;
    return installed;
  }
}
