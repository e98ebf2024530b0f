package io.kurve.testkit.metastore;

import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.metastore.MetaStore.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Every version of every key since the last compaction, by revision. */
final class KeyHistory {
  private final NavigableMap<String, NavigableMap<Long, Optional<Entry>>> versions =
      new TreeMap<>();
  private final NavigableMap<Long, List<Change>> changes = new TreeMap<>();
  private long revision;
  private long oldest = 1;

  long revision() {
    return revision;
  }

  long oldest() {
    return oldest;
  }

  Optional<Entry> current(String key) {
    return at(key, Long.MAX_VALUE);
  }

  /** Applies all writes under the next revision; an empty value deletes. */
  List<Change> apply(Map<String, Optional<Bytes>> writes) {
    revision++;
    List<Change> made = new ArrayList<>();
    writes.forEach((key, value) -> {
      Optional<Entry> before = current(key);
      if (value.isEmpty() && before.isEmpty()) {
        return;
      }
      Optional<Entry> after =
          value.map(bytes ->
              new Entry(key, bytes, before.map(Entry::createRevision).orElse(revision), revision));
      versions.computeIfAbsent(key, k -> new TreeMap<>()).put(revision, after);
      made.add(new Change(key, value, revision));
    });
    changes.put(revision, List.copyOf(made));
    return made;
  }

  MetaStore.Page scan(String prefix, String after, int limit, long atRevision) {
    long readAt = atRevision == 0 ? revision : atRevision;
    List<Entry> found = new ArrayList<>();
    String from = after.compareTo(prefix) > 0 ? after : prefix;
    for (String key : versions.tailMap(from, true).keySet()) {
      if (!key.startsWith(prefix)) {
        break;
      }
      Optional<Entry> entry = key.compareTo(after) > 0 ? at(key, readAt) : Optional.empty();
      if (entry.isPresent()) {
        if (found.size() == limit) {
          return new MetaStore.Page(List.copyOf(found), readAt, true);
        }
        found.add(entry.get());
      }
    }
    return new MetaStore.Page(List.copyOf(found), readAt, false);
  }

  NavigableMap<Long, List<Change>> changesFrom(long fromRevision) {
    return changes.tailMap(fromRevision, true);
  }

  /** Forgets what was overwritten before this revision. */
  void compact(long toRevision) {
    oldest = Math.max(oldest, Math.min(toRevision, revision));
    changes.headMap(oldest, false).clear();
    for (NavigableMap<Long, Optional<Entry>> ofKey : versions.values()) {
      Long kept = ofKey.floorKey(oldest);
      if (kept != null) {
        ofKey.headMap(kept, false).clear();
      }
    }
  }

  private Optional<Entry> at(String key, long readAt) {
    NavigableMap<Long, Optional<Entry>> ofKey = versions.get(key);
    if (ofKey == null) {
      return Optional.empty();
    }
    Map.Entry<Long, Optional<Entry>> found = ofKey.floorEntry(readAt);
    return found == null ? Optional.empty() : found.getValue();
  }
}
