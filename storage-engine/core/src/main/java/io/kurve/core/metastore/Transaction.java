package io.kurve.core.metastore;

import java.util.List;
import java.util.Optional;

/**
 * Writes that happen all together, if all conditions hold, or not at all. Its size has bounds that
 * every store takes: etcd's, less what a transaction of its has besides.
 */
public record Transaction(List<Condition> conditions, List<Write> writes) {
  public static final int MAX_OPERATIONS = 128;
  public static final int MAX_BYTES = 5 << 18;

  public Transaction {
    conditions = List.copyOf(conditions);
    writes = List.copyOf(writes);
    if (writes.stream().map(Write::key).distinct().count() != writes.size()) {
      throw new IllegalArgumentException("a key is written twice in one transaction: " + writes);
    }
    long bytes = writes.stream().mapToLong(Transaction::bytes).sum();
    if (writes.size() > MAX_OPERATIONS || conditions.size() > MAX_OPERATIONS || bytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          "a transaction of "
              + conditions.size()
              + " conditions and "
              + writes.size()
              + " writes with "
              + bytes
              + " bytes: no more than "
              + MAX_OPERATIONS
              + " and "
              + MAX_BYTES
              + " bytes are taken at once");
    }
  }

  private static long bytes(Write write) {
    return switch (write) {
      case Put put -> put.key().length() + put.value().size();
      case Delete delete -> delete.key().length();
    };
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
