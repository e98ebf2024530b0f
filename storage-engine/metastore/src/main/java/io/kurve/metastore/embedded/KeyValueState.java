package io.kurve.metastore.embedded;

import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.MetaStore.Change;
import io.kurve.core.metastore.MetaStore.Page;
import io.kurve.core.metastore.MetaStore.RevisionCompacted;
import io.kurve.core.metastore.Transaction.Absent;
import io.kurve.core.metastore.Transaction.Condition;
import io.kurve.core.metastore.Transaction.CreatedAt;
import io.kurve.core.metastore.Transaction.Delete;
import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.metastore.Transaction.ModifiedAt;
import io.kurve.core.metastore.Transaction.Put;
import io.kurve.core.metastore.Transaction.Write;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Keys, their revisions and a bounded history, from which a scan at an older revision is answered
 * by undoing what came after it. Pure: no file, no clock, no thread.
 */
final class KeyValueState {
  /** An entry and the lease that it dies with. */
  record Held(Entry entry, Optional<LeaseId> lease) {}

  private record Step(String key, @Nullable Held before, @Nullable Held after) {}

  private record Revised(long revision, List<Step> steps) {}

  private final NavigableMap<String, Held> entries = new TreeMap<>();
  private final Deque<Revised> history = new ArrayDeque<>();
  private final int historyLimit;
  private long revision;
  private long oldestScan;

  KeyValueState(long revision, Collection<Held> entries, int historyLimit) {
    this.revision = revision;
    this.oldestScan = revision;
    this.historyLimit = historyLimit;
    entries.forEach(held -> this.entries.put(held.entry().key(), held));
  }

  long revision() {
    return revision;
  }

  Collection<Held> entries() {
    return entries.values();
  }

  Optional<Entry> get(String key) {
    return Optional.ofNullable(entries.get(key)).map(Held::entry);
  }

  boolean holds(List<Condition> conditions) {
    return conditions.stream().allMatch(this::holds);
  }

  private boolean holds(Condition condition) {
    @Nullable Held held = entries.get(condition.key());
    return switch (condition) {
      case Absent _ -> held == null;
      case CreatedAt(_, long created) -> held != null && held.entry().createRevision() == created;
      case ModifiedAt(_, long modified) ->
          held != null && held.entry().modifyRevision() == modified;
    };
  }

  /** Writes at the next revision; the changes are what watchers hear. */
  List<Change> apply(List<Write> writes) {
    revision++;
    List<Step> steps = new ArrayList<>();
    List<Change> changes = new ArrayList<>();
    for (Write write : writes) {
      @Nullable Held before = entries.get(write.key());
      @Nullable Held after =
          switch (write) {
            case Put(String key, Bytes value, Optional<LeaseId> lease) ->
                new Held(
                    new Entry(
                        key,
                        value,
                        before == null ? revision : before.entry().createRevision(),
                        revision),
                    lease);
            case Delete _ -> null;
          };
      if (before == null && after == null) {
        continue;
      }
      set(write.key(), after);
      steps.add(new Step(write.key(), before, after));
      changes.add(
          new Change(
              write.key(), Optional.ofNullable(after).map(held -> held.entry().value()), revision));
    }
    remember(new Revised(revision, steps));
    return changes;
  }

  private void set(String key, @Nullable Held held) {
    if (held == null) {
      entries.remove(key);
    } else {
      entries.put(key, held);
    }
  }

  private void remember(Revised revised) {
    history.addLast(revised);
    while (history.size() > historyLimit) {
      oldestScan = history.removeFirst().revision();
    }
  }

  Page scan(String prefix, String after, int limit, long atRevision) {
    if (atRevision == 0 || atRevision == revision) {
      return page(entries, prefix, after, limit, revision);
    }
    if (atRevision < oldestScan || atRevision > revision) {
      throw new RevisionCompacted(atRevision, oldestScan);
    }
    NavigableMap<String, Held> past = new TreeMap<>(withPrefix(entries, prefix));
    Iterator<Revised> newestFirst = history.descendingIterator();
    while (newestFirst.hasNext()) {
      Revised revised = newestFirst.next();
      if (revised.revision() <= atRevision) {
        break;
      }
      for (Step step : revised.steps()) {
        if (step.before() == null) {
          past.remove(step.key());
        } else if (step.key().startsWith(prefix)) {
          past.put(step.key(), step.before());
        }
      }
    }
    return page(past, prefix, after, limit, atRevision);
  }

  private static Page page(
      NavigableMap<String, Held> entries, String prefix, String after, int limit, long revision) {
    List<Entry> found = new ArrayList<>();
    String start = after.compareTo(prefix) > 0 ? after : prefix;
    boolean inclusive = after.isEmpty();
    for (Held held : entries.tailMap(start, inclusive).values()) {
      if (!held.entry().key().startsWith(prefix)) {
        break;
      }
      if (found.size() == limit) {
        return new Page(found, revision, true);
      }
      found.add(held.entry());
    }
    return new Page(found, revision, false);
  }

  private static NavigableMap<String, Held> withPrefix(
      NavigableMap<String, Held> entries, String prefix) {
    return entries.subMap(prefix, true, prefix + Character.MAX_VALUE, true);
  }

  /** Empty when some of the changes from this revision on are forgotten. */
  Optional<List<Change>> changesFrom(String prefix, long fromRevision) {
    if (fromRevision <= oldestScan) {
      return Optional.empty();
    }
    List<Change> changes = new ArrayList<>();
    for (Revised revised : history) {
      if (revised.revision() >= fromRevision) {
        for (Step step : revised.steps()) {
          if (step.key().startsWith(prefix)) {
            changes.add(
                new Change(
                    step.key(),
                    Optional.ofNullable(step.after()).map(held -> held.entry().value()),
                    revised.revision()));
          }
        }
      }
    }
    return Optional.of(changes);
  }

  /** What dies with a lease. */
  List<Write> deletesOf(LeaseId lease) {
    return entries.values().stream()
        .filter(held -> held.lease().filter(lease::equals).isPresent())
        .<Write>map(held -> new Delete(held.entry().key()))
        .toList();
  }

  /** The key that won an election: the oldest of its candidates. */
  Optional<Entry> oldest(String prefix) {
    return withPrefix(entries, prefix).values().stream()
        .map(Held::entry)
        .min((a, b) -> Long.compare(a.createRevision(), b.createRevision()));
  }
}
