package io.kurve.cli.playground;

import io.kurve.chunkserver.server.StoreCreation;
import io.kurve.chunkserver.store.FormatRequest;
import io.kurve.chunkserver.store.StoreIdentity;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.disk.Preallocation;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.StoreId;
import io.kurve.core.unit.ByteSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/** The files that stand for a playground's disks. */
final class Disks {
  private Disks() {}

  /** Preallocated and formatted under another name first: what has the name is whole. */
  static void make(Path file, ByteSize size, ClusterId cluster) throws IOException {
    Files.createDirectories(file.getParent());
    Path unfinished = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(unfinished);
    new Preallocation().createFile(unfinished, size);
    try (Disk disk = FileDisk.open(unfinished)) {
      StoreCreation.format(
          disk,
          FormatRequest.of(
              new StoreIdentity(
                  cluster,
                  new StoreId(UUID.randomUUID()),
                  Instant.now().truncatedTo(ChronoUnit.MILLIS))));
    }
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
