package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.entity.EnumOutter.EntryType;
import com.alipay.sofa.jraft.entity.LogEntry;
import com.alipay.sofa.jraft.entity.LogId;
import com.alipay.sofa.jraft.entity.PeerId;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An entry that is read from the log when more than its position is asked for: jraft asks for an
 * entry's term before each heartbeat, on a thread that must not wait for the disk.
 *
 * <p>For one thread.
 */
final class StoredEntry extends LogEntry {
  private final Supplier<LogEntry> log;
  private boolean read;

  StoredEntry(LogId id, Supplier<LogEntry> log) {
    this.log = log;
    setId(id);
  }

  private void read() {
    if (read) {
      return;
    }
    LogEntry stored = log.get();
    setType(stored.getType());
    setPeers(stored.getPeers());
    setOldPeers(stored.getOldPeers());
    setLearners(stored.getLearners());
    setOldLearners(stored.getOldLearners());
    setData(stored.getData());
    read = true;
  }

  @Override
  public EntryType getType() {
    read();
    return super.getType();
  }

  @Override
  public @Nullable List<PeerId> getPeers() {
    read();
    return super.getPeers();
  }

  @Override
  public @Nullable List<PeerId> getOldPeers() {
    read();
    return super.getOldPeers();
  }

  @Override
  public @Nullable List<PeerId> getLearners() {
    read();
    return super.getLearners();
  }

  @Override
  public @Nullable List<PeerId> getOldLearners() {
    read();
    return super.getOldLearners();
  }

  @Override
  public boolean hasLearners() {
    read();
    return super.hasLearners();
  }

  @Override
  public ByteBuffer getData() {
    read();
    return super.getData();
  }

  @Override
  public ByteBuffer sliceData() {
    read();
    return super.sliceData();
  }

  @Override
  public ByteBuffer getReadOnlyData() {
    read();
    return super.getReadOnlyData();
  }

  @Override
  public long estimatedSize() {
    read();
    return super.estimatedSize();
  }

  @Override
  public long checksum() {
    read();
    return super.checksum();
  }
}
