package io.kurve.simulation;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.ChunkId;
import io.kurve.core.metadata.ClusterInspection.DiskInfo;
import io.kurve.core.metadata.Volume;
import io.kurve.core.unit.Geometry;
import io.kurve.mds.record.StoredRecord.SegmentRecord;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * When all is quiet: each slot in use belongs to a chunk that the MDS has mapped, each deleted
 * volume's record is gone, and the MDS reports what the disks have.
 */
final class SlotsAreBack {
  private static final Duration INTERVAL = Duration.ofMillis(100);

  private final SimCluster cluster;
  private final Set<String> lasting;
  private List<DiskInfo> reported = List.of();
  private long lookedNanos;
  private String why = "not looked yet";

  /**
   * @param lasting names of the volumes that nobody deletes
   */
  SlotsAreBack(SimCluster cluster, Set<String> lasting) {
    this.cluster = cluster;
    this.lasting = lasting;
  }

  /** What is not as it should be. */
  String why() {
    return why;
  }

  /** Looks anew now and then, and waits for the MDS's next answer in between. */
  boolean look() {
    if (cluster.world().nanoTime() - lookedNanos < INTERVAL.toNanos()) {
      return false;
    }
    lookedNanos = cluster.world().nanoTime();
    ask();
    List<VolumeRecord> passing = new ArrayList<>();
    Set<ChunkId> mapped = new TreeSet<>();
    cluster
        .records()
        .forEach(record -> {
          if (record instanceof VolumeRecord volume) {
            if (!lasting.contains(volume.name())) {
              passing.add(volume);
            }
          } else if (record instanceof SegmentRecord segment) {
            for (int i = 0; i < segment.map().copysets().size(); i++) {
              mapped.add(new ChunkId(segment.map().firstChunk().value() + i));
            }
          }
        });
    if (!passing.isEmpty()) {
      why = "the MDS still has " + passing;
      passing.forEach(this::delete);
      return false;
    }
    for (SimChunkserver server : cluster.chunkservers()) {
      if (server.running().isPresent() && !usesOnly(server, mapped)) {
        return false;
      }
    }
    return cluster.chunkservers().stream()
        .filter(server -> server.running().isPresent())
        .allMatch(this::isReported);
  }

  /** A create that comes when its volume is deleted has made another one, which can be opened. */
  private void delete(VolumeRecord volume) {
    if (volume.state() == Volume.State.ACTIVE) {
      cluster
          .hosts()
          .getFirst()
          .life()
          .ifPresent(life ->
              life.admin()
                  .delete(volume.id(), Optional.of(Duration.ZERO))
                  .whenComplete((_, failure) -> {
                    if (failure != null && VolumeUser.codeOf(failure) == ErrorCode.IN_USE) {
                      fenceAll(life, volume);
                    }
                  }));
    }
  }

  private static void fenceAll(SimHost.Life life, VolumeRecord volume) {
    life.admin()
        .info(volume.name())
        .whenComplete((use, failure) -> {
          if (failure == null) {
            use.attachments().forEach(attachment -> life.admin().fence(attachment.id()));
          }
        });
  }

  private boolean usesOnly(SimChunkserver server, Set<ChunkId> mapped) {
    SimChunkserver.Life life = server.running().orElseThrow();
    List<ChunkId> chunks =
        life.chunks().controls().values().stream()
            .flatMap(control -> control.slots().stream())
            .map(slot -> slot.address().chunk())
            .toList();
    if (!mapped.containsAll(chunks)) {
      why = server.process() + " has " + chunks + ", mapped are " + mapped;
      return false;
    }
    if (life.chunks().slotsUsed() != chunks.size()) {
      why = server.process() + " uses " + life.chunks().slotsUsed() + " slots for " + chunks.size();
      return false;
    }
    return true;
  }

  private boolean isReported(SimChunkserver server) {
    long used = (long) server.running().orElseThrow().chunks().slotsUsed() * Geometry.CHUNK_BYTES;
    boolean same =
        reported.stream()
            .filter(disk -> disk.replica().store().equals(server.storeId()))
            .anyMatch(disk -> disk.usedBytes() == used);
    if (!same) {
      why = "of " + server.process() + ", which uses " + used + " bytes, the MDS says " + reported;
    }
    return same;
  }

  private void ask() {
    cluster.mdses().stream()
        .map(SimMds::current)
        .flatMap(Optional::stream)
        .filter(mds -> mds.notReady().isEmpty())
        .forEach(mds ->
            mds.inspection()
                .disks()
                .whenComplete((disks, failure) -> {
                  if (failure == null) {
                    reported = disks;
                  }
                }));
  }
}
