package io.kurve.testkit.metastore;

import io.kurve.core.metastore.MetaStore;
import io.kurve.testkit.time.ManualEventLoop;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;

/** The fake keeps to the port's contract: after each call its loop runs until it is idle. */
final class InMemoryMetaStoreTest extends MetaStoreContract {
  private final ManualEventLoop loop = new ManualEventLoop();
  private final InMemoryMetaStore store = new InMemoryMetaStore(loop);

  @Override
  protected MetaStore open(int historyRevisions) {
    MetaStore session = store.connect();
    return (MetaStore)
        Proxy.newProxyInstance(
            MetaStore.class.getClassLoader(),
            new Class<?>[] {MetaStore.class},
            (_, method, arguments) -> {
              try {
                return method.invoke(session, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              } finally {
                loop.runUntilIdle();
                store.compact(Math.max(0, store.revision() - historyRevisions));
              }
            });
  }

  @Override
  protected void pass(Duration time) {
    loop.advance(time);
  }
}
