package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.error.RaftError;
import com.alipay.sofa.jraft.storage.snapshot.SnapshotCopier;
import com.alipay.sofa.jraft.storage.snapshot.SnapshotReader;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One install on a thread of its own. jraft cancels it when the term changes; a failed one ends
 * with an error that jraft hands to the leader, who tries again.
 */
final class CheckpointCopier extends SnapshotCopier {
  private static final Logger log = LoggerFactory.getLogger(CheckpointCopier.class);

  private final ReplicaId self;
  private final ReplicaId leader;
  private final Checkpoint wanted;
  private final CheckpointStorage.Installation installation;
  private final Thread thread;
  private volatile @Nullable Checkpoint installed;

  CheckpointCopier(
      ReplicaId self,
      ReplicaId leader,
      Checkpoint wanted,
      CheckpointStorage.Installation installation) {
    this.self = self;
    this.leader = leader;
    this.wanted = wanted;
    this.installation = installation;
    this.thread = Thread.ofVirtual().name("raft-install-" + self).unstarted(this::run);
  }

  private void run() {
    try {
      installed = installation.install(leader, wanted);
    } catch (InterruptedException e) {
      setError(RaftError.ECANCELED, "the install was cancelled");
    } catch (IOException e) {
      log.warn("{}: the checkpoint of {} could not be installed", self, leader, e);
      // Not EIO, which would end the replica: the disk's own errors have halted already.
      setError(RaftError.EINTERNAL, "%s", e.getMessage());
    }
  }

  @Override
  public void start() {
    thread.start();
  }

  @Override
  public void cancel() {
    thread.interrupt();
  }

  @Override
  public void join() throws InterruptedException {
    thread.join();
  }

  @Override
  public @Nullable SnapshotReader getReader() {
    Checkpoint checkpoint = installed;
    return checkpoint == null ? null : new CheckpointReader(self, checkpoint, new Loans());
  }

  @Override
  public void close() {
    // The thread has ended.
  }
}
