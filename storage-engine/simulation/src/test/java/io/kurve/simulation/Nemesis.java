package io.kurve.simulation;

import io.kurve.chunkserver.service.CopysetReplica;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.metastore.InMemoryMetaStore.CommitFault;
import io.kurve.testkit.raft.SimRaft;
import io.kurve.testkit.raft.SimReplicatedLog;
import io.kurve.testkit.time.SeededRandom;
import io.kurve.testkit.world.SimNetwork;
import io.kurve.testkit.world.SimProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What goes wrong in a run. Each seed has a subset of its own, so that none hides behind another.
 */
final class Nemesis {
  enum Kind {
    CRASH_CHUNKSERVER,
    CRASH_IN_DISK_OPERATION,
    CRASH_ALL,
    CRASH_MDS,
    CRASH_HOST,
    PAUSE,
    PARTITION,
    BAD_NETWORK,
    LEADER_CHANGES,
    UNKNOWN_OUTCOMES,
    SLOW_DISKS,
    FAILED_SYNC,
    STORE_FAULTS,
    BIT_ROT,
    WIRE_ROT,
    WIPED_DISK,
    OLD_DISK,
    FULL_LOG,
    /** Volumes come and go. */
    DELETES,
    /** They want more than there is. */
    FULL_DISKS,
    SHARED_VOLUME,
    /** Paused or cut off from the MDS for longer than its lease; it may be writing all the time. */
    LOST_HOST,
    /** There is a fourth disk, and disks are gone for so long that they are rebuilt on it. */
    LOST_DISKS,
    /** There is a fourth disk, and disks are emptied and used again. */
    DRAINS;

    static boolean needsFourth(Set<Kind> kinds) {
      return kinds.contains(LOST_DISKS) || kinds.contains(DRAINS);
    }
  }

  /** So that copysets stand still now and then, but not all the time. */
  private static final int GONE_AT_ONCE = 2;

  private final SimCluster cluster;
  private final SeededRandom random;
  private final Set<Kind> kinds;
  private final List<Kind> acts;
  private boolean over;

  Nemesis(SimCluster cluster, Set<Kind> kinds) {
    this.cluster = cluster;
    this.random = cluster.world().fork();
    this.kinds = kinds;
    this.acts = List.copyOf(kinds);
  }

  static Set<Kind> draw(SeededRandom random) {
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    int oneIn = 1 + random.nextInt(4);
    for (Kind kind : Kind.values()) {
      if (random.chance(oneIn)) {
        kinds.add(kind);
      }
    }
    return kinds;
  }

  void begin() {
    if (kinds.contains(Kind.BAD_NETWORK)) {
      cluster
          .network()
          .faults(
              new SimNetwork.Faults(
                  20 + random.nextInt(100),
                  2 + random.nextInt(10),
                  10 + random.nextInt(40),
                  50 + random.nextInt(200)));
    }
    cluster
        .raft()
        .nastiness(
            new SimRaft.Nastiness(
                kinds.contains(Kind.UNKNOWN_OUTCOMES) ? 5 + random.nextInt(20) : 0,
                kinds.contains(Kind.UNKNOWN_OUTCOMES) ? 40 : 0,
                kinds.contains(Kind.SLOW_DISKS) ? 10 : 0,
                kinds.contains(Kind.SLOW_DISKS) ? 10 : 0,
                1 + random.nextInt(2)));
    if (!acts.isEmpty()) {
      soon();
    }
  }

  /** No more is begun. */
  void end() {
    over = true;
  }

  private void soon() {
    cluster
        .world()
        .schedule(
            Duration.ofMillis(50 + random.nextLong(700)),
            "nemesis",
            () -> {
              if (!over) {
                act(acts.get(random.nextInt(acts.size())));
                soon();
              }
            });
  }

  private void act(Kind kind) {
    cluster.world().trace("nemesis " + kind);
    switch (kind) {
      case CRASH_CHUNKSERVER -> kill(oneOf(cluster.chunkservers()).process());
      case CRASH_IN_DISK_OPERATION -> {
        SimChunkserver server = oneOf(cluster.chunkservers());
        if (server.process().isUp()) {
          server.disk().losePowerAt(1 + random.nextInt(60));
        }
      }
      case CRASH_ALL -> {
        if (random.chance(3)) {
          cluster.chunkservers().forEach(server -> kill(server.process()));
        }
      }
      case CRASH_MDS -> kill(oneOf(cluster.mdses()).process());
      case CRASH_HOST -> kill(oneOf(cluster.hosts()).process());
      case PAUSE -> oneOf(cluster.processes()).pause(Duration.ofMillis(random.nextLong(3500)));
      case PARTITION -> partition();
      case LEADER_CHANGES -> changeLeader();
      case FAILED_SYNC -> oneOf(cluster.chunkservers()).disk().failSync(1 + random.nextInt(3));
      case STORE_FAULTS ->
          cluster
              .store()
              .failNext(
                  CommitFault.values()[random.nextInt(CommitFault.values().length)],
                  transaction -> true);
      case BIT_ROT -> rot();
      case WIRE_ROT -> oneOf(cluster.hosts()).flipBits(1);
      case WIPED_DISK -> {
        if (random.chance(4)) {
          touchable().wipe();
        }
      }
      case OLD_DISK -> touchable().copyOrRestore();
      case FULL_LOG ->
          oneOf(cluster.chunkservers()).fillLog(Duration.ofMillis(random.nextLong(4000)));
      case LOST_HOST -> loseHost();
      case LOST_DISKS -> lose(oneOf(cluster.chunkservers()));
      case DRAINS -> drain(oneOf(cluster.chunkservers()), random.chance(2));
      case BAD_NETWORK, UNKNOWN_OUTCOMES, SLOW_DISKS, DELETES, FULL_DISKS, SHARED_VOLUME -> {}
    }
  }

  /** Its supervisor starts it again. */
  private static void kill(SimProcess process) {
    process.kill("the nemesis");
  }

  private <T> T oneOf(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }

  private void partition() {
    List<SimProcess> all = cluster.processes();
    List<SimProcess> from = new ArrayList<>();
    SimProcess lonely = oneOf(all);
    boolean bothWays = random.chance(2);
    boolean inward = random.chance(2);
    for (SimProcess other : all) {
      if (other != lonely && !random.chance(4)) {
        from.add(other);
        if (bothWays || inward) {
          cluster.network().cut(other, lonely);
        }
        if (bothWays || !inward) {
          cluster.network().cut(lonely, other);
        }
      }
    }
    cluster
        .world()
        .schedule(
            Duration.ofMillis(100 + random.nextLong(3000)),
            "mend",
            () ->
                from.forEach(other -> {
                  cluster.network().heal(other, lonely);
                  cluster.network().heal(lonely, other);
                }));
  }

  private void loseHost() {
    SimProcess host = oneOf(cluster.hosts()).process();
    Duration time = Duration.ofMillis(4000 + random.nextLong(5000));
    if (random.chance(2)) {
      host.pause(time);
      return;
    }
    for (SimMds mds : cluster.mdses()) {
      cluster.network().cut(host, mds.process());
      cluster.network().cut(mds.process(), host);
    }
    cluster
        .world()
        .schedule(
            time,
            "found",
            () ->
                cluster
                    .mdses()
                    .forEach(mds -> {
                      cluster.network().heal(host, mds.process());
                      cluster.network().heal(mds.process(), host);
                    }));
  }

  private void changeLeader() {
    List<CopysetKey> copysets = cluster.raft().copysets();
    if (copysets.isEmpty()) {
      return;
    }
    List<SimReplicatedLog<?>> replicas = cluster.raft().replicas(oneOf(copysets));
    if (replicas.isEmpty()) {
      return;
    }
    SimReplicatedLog<?> next = oneOf(replicas);
    replicas.stream()
        .filter(SimReplicatedLog::isLeading)
        .forEach(leader -> {
          var _ = leader.transferLeadership(next.self());
        });
  }

  private void lose(SimChunkserver server) {
    long gone = cluster.chunkservers().stream().filter(SimChunkserver::isAbsent).count();
    if (!server.isAbsent() && gone < GONE_AT_ONCE) {
      server.leave(Duration.ofMillis(4000 + random.nextLong(14_000)));
    }
  }

  private void drain(SimChunkserver server, boolean drains) {
    Optional<SimHost.Life> host = oneOf(cluster.hosts()).life();
    Optional<SimChunkserver.Life> life = server.running();
    if (host.isPresent() && life.isPresent()) {
      var _ = host.get().admin().drain(life.get().self().chunkserver(), drains);
    }
  }

  /** What is lost is lost on this disk only: the others are a quorum. */
  private SimChunkserver touchable() {
    return cluster.chunkservers().getFirst();
  }

  private void rot() {
    SimChunkserver server = touchable();
    server
        .running()
        .ifPresent(life -> {
          var slots =
              life.chunks().controls().values().stream()
                  .flatMap(control -> control.slots().stream())
                  .toList();
          if (!slots.isEmpty()) {
            int[] run = oneOf(VolumeModel.HOT_RUNS);
            int block = (run[0] + random.nextInt(run[1])) % Geometry.BLOCKS_PER_CHUNK;
            long offset =
                life.chunks().layout().slots().offset()
                    + (long) oneOf(slots).number() * Geometry.CHUNK_BYTES
                    + (long) block * Geometry.BLOCK_BYTES;
            server.disk().flipBit(offset + random.nextInt(Geometry.BLOCK_BYTES), 3);
          }
        });
  }

  /** Asks every replica for the groups it runs; for the final comparison. */
  static List<CopysetReplica> replicas(SimCluster cluster, CopysetKey copyset) {
    List<CopysetReplica> all = new ArrayList<>();
    for (SimChunkserver server : cluster.chunkservers()) {
      server.running().flatMap(life -> life.copysets().find(copyset)).ifPresent(all::add);
    }
    return all;
  }
}
