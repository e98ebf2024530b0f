package io.kurve.simulation;

import io.kurve.chunkserver.store.FormatRequest;
import io.kurve.chunkserver.store.FormatRequest.ExistingData;
import io.kurve.chunkserver.store.StoreFormatter;
import io.kurve.chunkserver.store.StoreIdentity;
import io.kurve.core.id.StoreId;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.time.SeededRandom;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;

/** Disks as they come from formatting, made once for many runs. */
final class FormattedDisks {
  private static final long DISK_BYTES = 420L << 20;
  private static final int DISKS = 3;

  private final List<VolatileDisk.Image> images = new ArrayList<>();

  FormattedDisks() {
    for (int number = 1; number <= DISKS; number++) {
      VolatileDisk disk = new VolatileDisk("disk-" + number, DISK_BYTES, new SeededRandom(number));
      try {
        var _ =
            StoreFormatter.format(
                disk,
                new FormatRequest(
                    new StoreIdentity(SimCluster.CLUSTER, storeId(number), SimCluster.BIRTH),
                    OptionalLong.of(4096),
                    OptionalLong.of(128 << 10),
                    ExistingData.DESTROY));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      images.add(disk.image());
    }
  }

  int count() {
    return DISKS;
  }

  static StoreId storeId(int number) {
    return new StoreId(new UUID(0, number));
  }

  VolatileDisk copy(int number, SeededRandom random) {
    VolatileDisk disk = new VolatileDisk("disk-" + number, DISK_BYTES, random);
    disk.restore(images.get(number - 1));
    return disk;
  }
}
