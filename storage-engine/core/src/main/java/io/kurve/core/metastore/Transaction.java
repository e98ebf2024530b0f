package io.kurve.core.metastore;

import java.util.List;
import java.util.Optional;

/** Writes that happen all together, if all conditions hold, or not at all. */
public record Transaction(List<Condition> conditions, List<Write> writes) {
  public Transaction {
    conditions = List.copyOf(conditions);
    writes = List.copyOf(writes);
    if (writes.stream().map(Write::key).distinct().count() != writes.size()) {
      throw new IllegalArgumentException("a key is written twice in one transaction: " + writes);
    }
  }

  public sealed interface Condition {
    String key();
  }

  public record Absent(String key) implements Condition {}

  public record CreatedAt(String key, long createRevision) implements Condition {}

  public record ModifiedAt(String key, long modifyRevision) implements Condition {}

  /** A key is written at most once in a transaction. */
  public sealed interface Write {
    String key();
  }

  public record Put(String key, Bytes value, Optional<LeaseId> lease) implements Write {
    public Put(String key, Bytes value) {
      this(key, value, Optional.empty());
    }
  }

  public record Delete(String key) implements Write {}

  public record LeaseId(long value) {}
}
