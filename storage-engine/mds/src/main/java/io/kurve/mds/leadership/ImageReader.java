package io.kurve.mds.leadership;

import io.kurve.core.failure.KurveException;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.time.EventLoop;
import io.kurve.mds.record.Keys;
import io.kurve.mds.record.RecordCodec;
import io.kurve.mds.record.StoredRecord;
import io.kurve.mds.state.Versioned;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Reads all records at one revision, page by page. Fails when a page does: a compaction between
 * pages, too, means to start anew.
 */
final class ImageReader {
  static final int PAGE_SIZE = 1000;

  private final MetaStore store;
  private final EventLoop loop;
  private final List<Versioned<StoredRecord>> records = new ArrayList<>();
  private final CompletableFuture<Contents> result = new CompletableFuture<>();

  private ImageReader(MetaStore store, EventLoop loop) {
    this.store = store;
    this.loop = loop;
  }

  record Contents(List<Versioned<StoredRecord>> records, long revision) {}

  /**
   * Ends on the loop; with a {@link KurveException} only when a record can't be decoded.
   *
   * @param notBefore a revision that the contents must include
   */
  static CompletionStage<Contents> read(MetaStore store, EventLoop loop, long notBefore) {
    ImageReader reader = new ImageReader(store, loop);
    reader.page("", 0, notBefore);
    return reader.result;
  }

  private void page(String after, long atRevision, long notBefore) {
    var _ =
        store
            .scan(Keys.ALL, after, PAGE_SIZE, atRevision)
            .whenComplete((page, failure) ->
                loop.execute(() -> {
                  if (failure == null) {
                    add(page, notBefore);
                  } else {
                    boolean _ = result.completeExceptionally(Office.cause(failure));
                  }
                }));
  }

  private void add(MetaStore.Page page, long notBefore) {
    if (page.revision() < notBefore) {
      boolean _ =
          result.completeExceptionally(
              new IllegalStateException(
                  "read at revision " + page.revision() + ", before " + notBefore));
      return;
    }
    String last = "";
    for (var entry : page.entries()) {
      last = entry.key();
      if (!last.equals(Keys.GATE)) {
        try {
          records.add(
              new Versioned<>(RecordCodec.decode(last, entry.value()), entry.modifyRevision()));
        } catch (KurveException damaged) {
          boolean _ = result.completeExceptionally(damaged);
          return;
        }
      }
    }
    if (page.more()) {
      page(last, page.revision(), notBefore);
    } else {
      boolean _ = result.complete(new Contents(List.copyOf(records), page.revision()));
    }
  }
}
