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

  /** With one to spare, which not every run has. */
  private static final int DISKS = 4;

  /** The store of a disk that was emptied and formatted again. */
  static final StoreId WIPED = new StoreId(new UUID(0, 101));

  private final List<VolatileDisk.Image> images = new ArrayList<>();
  private final VolatileDisk.Image wiped;

  FormattedDisks() {
    for (int number = 1; number <= DISKS; number++) {
      images.add(formatted(storeId(number)));
    }
    wiped = formatted(WIPED);
  }

  private static VolatileDisk.Image formatted(StoreId store) {
    VolatileDisk disk =
        new VolatileDisk(
            "disk", DISK_BYTES, new SeededRandom(store.value().getLeastSignificantBits()));
    try {
      var _ =
          StoreFormatter.format(
              disk,
              new FormatRequest(
                  new StoreIdentity(SimCluster.CLUSTER, store, SimCluster.BIRTH),
                  OptionalLong.of(4096),
                  OptionalLong.of(128 << 10),
                  ExistingData.DESTROY));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return disk.image();
  }

  /** A new store in the place of one that is gone. */
  VolatileDisk.Image wiped() {
    return wiped;
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
