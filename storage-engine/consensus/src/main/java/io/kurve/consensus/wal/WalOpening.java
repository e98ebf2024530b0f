package io.kurve.consensus.wal;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import java.util.List;

/** How opening a shared WAL ended. */
public sealed interface WalOpening {
  /** All that was ever acknowledged is there. */
  record Opened(SharedWal wal) implements WalOpening {}

  /**
   * Something that was durable can't be read back. Nothing was changed on the disk. The replicas
   * must not vote and are rebuilt.
   *
   * @param offset on the disk, of the first bad frame
   * @param groups that may have lost something: all that the WAL is known to serve
   */
  record Damaged(long offset, List<CopysetKey> groups, String what) implements WalOpening {
    public KurveException toException() {
      return new KurveException(ErrorCode.BAD_STORE, what, KurveException.GO_ON_WITHOUT_IT);
    }
  }

  /** The open WAL, or the damage as an exception. */
  default SharedWal orThrow() {
    return switch (this) {
      case Opened(SharedWal wal) -> wal;
      case Damaged damaged -> throw damaged.toException();
    };
  }
}
