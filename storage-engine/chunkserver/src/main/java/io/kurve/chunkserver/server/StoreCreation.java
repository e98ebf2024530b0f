package io.kurve.chunkserver.server;

import io.kurve.chunkserver.store.FormatRequest;
import io.kurve.chunkserver.store.StoreFormatter;
import io.kurve.chunkserver.store.StoreIdentity;
import io.kurve.chunkserver.store.StoreLayout;
import io.kurve.consensus.wal.SharedWal;
import io.kurve.consensus.wal.WalConfig;
import io.kurve.core.disk.Disk;
import io.kurve.core.id.StoreGeneration;
import java.io.IOException;

/** Makes a disk a whole store: the chunk store's format and an empty log in its region. */
public final class StoreCreation {
  private StoreCreation() {}

  /**
   * @throws io.kurve.core.failure.KurveException as {@link StoreFormatter#format}
   */
  public static void format(Disk disk, FormatRequest request) throws IOException {
    StoreLayout layout = StoreFormatter.format(disk, request);
    StoreIdentity identity = request.identity();
    SharedWal.format(
        disk, WalConfig.withDefaults(layout.wal(), identity.store(), new StoreGeneration(1)));
  }
}
