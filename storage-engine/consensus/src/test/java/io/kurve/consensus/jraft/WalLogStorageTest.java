package io.kurve.consensus.jraft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.alipay.sofa.jraft.entity.LogEntry;
import com.alipay.sofa.jraft.entity.LogId;
import io.kurve.consensus.wal.GroupLog;
import io.kurve.consensus.wal.LogRecord;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedStateMachine.Checkpoint;
import io.kurve.testkit.failure.HaltingFaultHandler;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class WalLogStorageTest {

  private final ReplicaId self = new ReplicaId(new ChunkserverId(1), new StoreId(new UUID(0, 1)));
  private final Membership alone = Membership.ofVoters(List.of(self));
  private final HaltingFaultHandler faults = new HaltingFaultHandler();
  private final InMemoryGroupLogs logs = new InMemoryGroupLogs(faults);

  @Test
  void rule02AnEntryThatCannotBeReadEndsTheProcess() throws Exception {
    GroupLog log = logs.found(new CopysetKey(new CopysetId(1), new CopysetGeneration(1)), alone);
    WalLogStorage storage = storage(log);
    assertThat(storage.getEntry(1)).as("no such entry").isNull();
    log.append(List.of(new LogRecord(1, 7, LogRecord.Kind.DATA, ByteBuffer.allocate(8))));
    assertThat(Objects.requireNonNull(storage.getEntry(1)).getData().remaining()).isEqualTo(8);
    logs.failReads();
    LogEntry stored = Objects.requireNonNull(storage.getEntry(1));
    assertThat(stored.getId()).as("known without reading").isEqualTo(new LogId(1, 7));
    assertThatThrownBy(stored::getType)
        .isInstanceOf(HaltingFaultHandler.Halted.class)
        .hasCauseInstanceOf(KurveException.class);
    assertThat(faults.isHalted()).isTrue();
  }

  /** Its next entry was found in the log when a checkpoint cut it. */
  @Test
  void aFollowerThatIsBehindDoesNotEndALeaderThatTakesACheckpoint() throws Exception {
    GroupLog log =
        new VolatileWal(self)
            .start(faults)
            .found(new CopysetKey(new CopysetId(1), new CopysetGeneration(1)), alone);
    WalLogStorage storage = storage(log);
    for (long index = 1; index <= 3; index++) {
      ByteBuffer payload = ByteBuffer.allocate(8).putLong(0, 100 + index);
      log.append(List.of(new LogRecord(index, 7, LogRecord.Kind.DATA, payload)));
    }
    LogEntry next = Objects.requireNonNull(storage.getEntry(2));
    assertThat(storage.truncatePrefix(4)).isTrue();
    assertThat(storage.getEntry(2)).isNull();
    assertThat(next.getData().getLong(0)).isEqualTo(102);
    assertThat(faults.isHalted()).isFalse();
  }

  private WalLogStorage storage(GroupLog log) {
    return new WalLogStorage(
        log,
        new DurableIndex(0),
        members -> {},
        new CheckpointStorage(
            self, new Checkpoint(LogPosition.BEFORE_ALL, alone), (leader, wanted) -> wanted),
        (payload, took) -> {},
        faults);
  }
}
