package io.kurve.metastore.embedded;

import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.metastore.Transaction.Write;
import java.time.Duration;
import java.util.List;

/** What the log holds; replayed in order it gives the state. */
sealed interface LogRecord {
  /** A transaction that was applied; its revision is one above the one before. */
  record Written(long revision, List<Write> writes) implements LogRecord {}

  record LeaseGranted(LeaseId lease, Duration timeToLive) implements LogRecord {}

  record LeaseEnded(LeaseId lease) implements LogRecord {}
}
