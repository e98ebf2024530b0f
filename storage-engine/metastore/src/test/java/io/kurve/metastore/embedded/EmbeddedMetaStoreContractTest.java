package io.kurve.metastore.embedded;

import io.kurve.core.metastore.MetaStore;
import io.kurve.metastore.embedded.EmbeddedMetaStore.Limits;
import io.kurve.testkit.metastore.MetaStoreContract;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.io.TempDir;

final class EmbeddedMetaStoreContractTest extends MetaStoreContract {
  @TempDir Path directory = Path.of("");
  private final AtomicLong nanos = new AtomicLong();

  @Override
  protected MetaStore open(int historyRevisions) throws Exception {
    return EmbeddedMetaStore.open(
        directory,
        new Limits(historyRevisions, 4 << 10, 1024),
        nanos::get,
        (what, cause) -> new AssertionError(what, cause));
  }

  @Override
  protected void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }
}
