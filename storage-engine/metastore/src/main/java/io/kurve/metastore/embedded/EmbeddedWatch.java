package io.kurve.metastore.embedded;

import io.kurve.core.metastore.MetaStore.Change;
import io.kurve.core.metastore.MetaStore.Watch;
import io.kurve.core.metastore.MetaStore.WatchListener;
import java.util.List;

/** A listener and the prefix that it cares for; told on the store's thread. */
final class EmbeddedWatch implements Watch {
  private final String prefix;
  private final WatchListener listener;
  private volatile boolean closed;

  EmbeddedWatch(String prefix, WatchListener listener) {
    this.prefix = prefix;
    this.listener = listener;
  }

  void tell(List<Change> changes, long revision) {
    List<Change> mine = changes.stream().filter(change -> change.key().startsWith(prefix)).toList();
    if (!closed && !mine.isEmpty()) {
      listener.changed(mine, revision);
    }
  }

  void lost(String why) {
    if (!closed) {
      closed = true;
      listener.lost(why);
    }
  }

  String prefix() {
    return prefix;
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    closed = true;
  }
}
