package io.kurve.consensus.wal;

import io.kurve.core.disk.Disk;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.log.LogPosition;
import java.util.List;

/** Looks at a WAL as a start of the store would, and changes nothing. */
public final class WalCheck {
  private final Disk disk;
  private final WalConfig config;

  public WalCheck(Disk disk, WalConfig config) {
    this.disk = disk;
    this.config = config;
  }

  /** What was found. */
  public sealed interface Finding {}

  /** Every frame that the log needs is there. */
  public record Sound(long generation, Size size, List<GroupFinding> groups) implements Finding {}

  public record Broken(WalOpening.Damaged damage) implements Finding {}

  public record Size(long segments, long frames, long records) {}

  public record GroupFinding(
      CopysetKey group, GroupLog.HardState promised, LogPosition cut, long lastIndex) {}

  public Finding run() {
    return switch (new WalRecovery(disk, config).recover()) {
      case WalRecovery.Broken(WalOpening.Damaged damage) -> new Broken(damage);
      case WalRecovery.Recovered recovered ->
          new Sound(
              recovered.last().order().generation(),
              recovered.size(),
              recovered.table().groups().values().stream()
                  .map(group ->
                      new GroupFinding(
                          group.group(), group.hardState(), group.cut(), group.lastIndex()))
                  .toList());
    };
  }
}
