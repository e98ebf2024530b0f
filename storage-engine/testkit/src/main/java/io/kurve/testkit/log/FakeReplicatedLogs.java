package io.kurve.testkit.log;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedLogs;
import io.kurve.core.log.ReplicatedStateMachine;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/** Makes {@link FakeReplicatedLog}s; the test says how full the shared log is. */
public final class FakeReplicatedLogs implements ReplicatedLogs {
  private final Map<CopysetKey, FakeReplicatedLog<?>> open = new LinkedHashMap<>();
  private long held;
  private LogSpace space = new LogSpace(0, 1 << 20);

  /** The fake of a group that was opened with this type of reply. */
  @SuppressWarnings("unchecked") // The test knows what it opened.
  public <R> FakeReplicatedLog<R> log(CopysetKey copyset) {
    return (FakeReplicatedLog<R>) Objects.requireNonNull(open.get(copyset));
  }

  /** Logs that are opened from now on hold entries up to here already. */
  public void hold(long lastIndex) {
    held = lastIndex;
  }

  public void space(LogSpace now) {
    space = now;
  }

  @Override
  public Set<CopysetKey> members() {
    return new TreeSet<>(open.keySet());
  }

  @Override
  public <R> ReplicatedLog<R> open(
      CopysetKey copyset, Membership initial, ReplicatedStateMachine<R> stateMachine) {
    FakeReplicatedLog<R> log = new FakeReplicatedLog<>(copyset, initial, stateMachine);
    log.holds(held);
    open.put(copyset, log);
    return log;
  }

  @Override
  public void purge(CopysetKey copyset) {
    open.remove(copyset);
  }

  @Override
  public LogSpace space() {
    return space;
  }

  @Override
  public void close() {
    open.values().forEach(FakeReplicatedLog::close);
  }
}
