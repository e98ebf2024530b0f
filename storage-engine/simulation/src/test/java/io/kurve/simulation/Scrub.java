package io.kurve.simulation;

import io.kurve.chunkserver.copyset.ChunkBlocks;
import io.kurve.chunkserver.copyset.ReplicaPeer.BlockTable;
import io.kurve.chunkserver.service.CopysetReplica;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.VolumeId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Reads every block that the replicas hold: where nothing rots, none is damaged. */
final class Scrub {
  private final SimCluster cluster;
  private final boolean firstMayRot;

  Scrub(SimCluster cluster, boolean firstMayRot) {
    this.cluster = cluster;
    this.firstMayRot = firstMayRot;
  }

  void run() {
    Set<VolumeId> volumes = new TreeSet<>();
    boolean mayRot = firstMayRot;
    for (SimChunkserver server : cluster.chunkservers()) {
      if (server.running().isEmpty()) {
        mayRot = false;
        continue;
      }
      SimChunkserver.Life life = server.running().get();
      life.chunks().controls().values().stream()
          .flatMap(control -> control.slots().stream())
          .forEach(slot -> volumes.add(slot.address().volume()));
      if (!mayRot) {
        for (CopysetReplica replica : life.copysets().all()) {
          for (VolumeId volume : volumes) {
            for (ChunkId chunk : replica.machine().chunksOf(volume)) {
              check(server, replica.machine().blocks(), chunk);
            }
          }
        }
      }
      mayRot = false;
    }
  }

  private static void check(SimChunkserver server, ChunkBlocks blocks, ChunkId chunk) {
    try {
      Optional<BlockTable> table = blocks.table(chunk);
      int[] written = table.map(found -> found.written().stream().toArray()).orElse(new int[0]);
      for (int block : written) {
        var read = blocks.readForRepair(chunk, block, 1);
        if (read.isPresent() && !read.get().damaged().isEmpty()) {
          throw new AssertionError(
              "block " + block + " of " + chunk + " is damaged at " + server.process());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
