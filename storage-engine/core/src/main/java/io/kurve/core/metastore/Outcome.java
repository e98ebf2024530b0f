package io.kurve.core.metastore;

/** How a transaction ended. */
public sealed interface Outcome {
  /** Durable; all its writes have this revision. */
  record Applied(long revision) implements Outcome {}

  /** A condition did not hold; nothing was written. */
  record Rejected(long revision) implements Outcome {}

  /** It may have been applied, or may be yet. */
  record Unknown(String why) implements Outcome {}
}
