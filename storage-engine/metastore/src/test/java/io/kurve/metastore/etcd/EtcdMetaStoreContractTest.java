package io.kurve.metastore.etcd;

import io.kurve.core.metastore.MetaStore;
import io.kurve.core.time.SystemRandom;
import io.kurve.testkit.metastore.MetaStoreContract;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** One etcd for all; each test has a namespace of its own. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class EtcdMetaStoreContractTest extends MetaStoreContract {
  /** etcd looks for ended leases every half a second. */
  private static final Duration GRANULARITY = Duration.ofMillis(600);

  private final EtcdProcess etcd;
  private int opened;

  EtcdMetaStoreContractTest(@TempDir Path directory) throws Exception {
    etcd = EtcdProcess.start(directory, "http", List.of());
  }

  @AfterAll
  void endEtcd() throws Exception {
    etcd.close();
  }

  @Override
  protected MetaStore open(int historyRevisions) throws Exception {
    return EtcdMetaStore.open(
        new EtcdAccess(
            List.of(etcd.client()),
            "contract-" + opened++ + "/",
            Duration.ofSeconds(5),
            historyRevisions,
            Optional.empty(),
            Optional.empty()),
        new SystemRandom());
  }

  @Override
  protected Duration leaseTime() {
    return Duration.ofSeconds(5);
  }

  @Override
  protected void pass(Duration time) {
    try {
      boolean _ =
          new CountDownLatch(1).await(time.plus(GRANULARITY).toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
