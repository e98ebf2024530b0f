package io.kurve.mds.health;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.ChunkserverReport.CopysetReport;
import io.kurve.core.metadata.ChunkserverReport.OutOfService;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.core.metadata.PoolCapacity;
import io.kurve.core.unit.ByteSize;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import io.kurve.mds.repair.Moves;
import io.kurve.mds.state.Image;
import io.kurve.mds.topology.Presence;
import io.kurve.mds.volume.SegmentAllocator;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** Finds every reason; one line per disk and per kind of trouble, never one per copyset. */
final class Diagnosis {
  private static final int NAMED = 4;
  private static final String MAKE_ROOM = "delete volumes, purge deleted ones, or add disks";

  private final Image image;
  private final Presence presence;
  private final SegmentAllocator allocator;
  private final Moves moves;
  private final List<Reason> reasons = new ArrayList<>();

  Diagnosis(Image image, Presence presence, Moves moves) {
    this.image = image;
    this.presence = presence;
    this.allocator = new SegmentAllocator(image, _ -> true, presence::slotsInUse);
    this.moves = moves;
  }

  List<Reason> find(
      Optional<String> poolWaits,
      Map<AttachmentId, String> fences,
      Map<VolumeId, String> purges,
      Optional<String> binHeld) {
    poolWaits.ifPresent(waits ->
        add(
            ReasonCode.POOL_INCOMPLETE,
            "pool",
            "no volume can be written yet: " + waits,
            "start the chunkservers that are missing"));
    image.chunkservers().values().forEach(this::disk);
    pool();
    copysets();
    moves();
    fences.forEach((attachment, copyset) ->
        add(
            ReasonCode.FENCE_HELD_UP,
            attachment.toString(),
            attachment + of(attachment) + " can't be fenced before " + copyset + " commits it",
            "bring the copyset's disks back"));
    purges.forEach((volume, progress) ->
        add(
            ReasonCode.PURGE_HELD_UP,
            volume.toString(),
            "deleted " + name(volume) + " still takes space: " + progress,
            "bring the copysets' disks back"));
    binHeld.ifPresent(jump ->
        add(
            ReasonCode.CLOCK_JUMPED,
            "recycle bin",
            "deleted volumes are kept also when their time is over: " + jump,
            "set the clock of the MDS's machine right, then say so with `kurve cluster confirm-clock`"));
    return reasons;
  }

  private void disk(ChunkserverRecord disk) {
    String object = name(disk);
    String cureProcess = "start its chunkserver, or see its log";
    switch (presence.state(disk)) {
      case ONLINE -> {}
      case UNSTABLE ->
          add(
              ReasonCode.DISK_UNSTABLE,
              object,
              object + " was last heard of " + seconds(disk) + " s ago",
              "wait some seconds; if it stays, " + cureProcess);
      case OFFLINE ->
          add(
              ReasonCode.DISK_OFFLINE,
              object,
              object + " was last heard of " + seconds(disk) + " s ago",
              cureProcess);
      case FAILED ->
          add(
              ReasonCode.DISK_FAILED,
              object,
              object
                  + " failed: "
                  + presence
                      .report(disk.id())
                      .flatMap(ChunkserverReport::diskFailure)
                      .orElse("it did not say how")
                  + "; last heard of "
                  + seconds(disk)
                  + " s ago",
              "look at the disk and its cable (dmesg, smartctl); if its chunkserver ended, start it"
                  + " again; if it comes again, replace the disk");
      case UNCONFIRMED ->
          add(
              ReasonCode.STORE_UNCONFIRMED,
              object,
              disk.suspended()
                  .or(() -> presence.suspicion(disk.replica()))
                  .orElse(object + " may not take part"),
              "give back the disk's current contents, or format it: it joins as a new, empty one");
    }
    presence
        .copyOf(disk.replica())
        .ifPresent(why ->
            add(
                ReasonCode.STORE_UNCONFIRMED,
                object,
                object + ": " + why,
                "stop the copy's chunkserver and take the copied disk away"));
    reports(disk);
    room(disk);
  }

  private void reports(ChunkserverRecord disk) {
    if (!presence.live(disk.replica())) {
      return;
    }
    List<CopysetReport> copysets =
        presence.report(disk.id()).map(ChunkserverReport::copysets).orElse(List.of());
    String object = name(disk);
    long installing = copysets.stream().filter(CopysetReport::installing).count();
    if (installing > 0) {
      add(
          ReasonCode.REPLICA_INSTALLING,
          object,
          object + " is rebuilding " + installing + " replicas from their leaders",
          "wait: it goes on by itself");
    }
    outOfService(disk, object);
    long damaged = copysets.stream().mapToLong(CopysetReport::damagedBlocks).sum();
    if (damaged > 0) {
      add(
          ReasonCode.BLOCKS_DAMAGED,
          object,
          "%s: %d %s not repaired yet"
              .formatted(object, damaged, damaged == 1 ? "damaged block is" : "damaged blocks are"),
          "wait for the repair; what stays is damaged on every replica: reads of it end with EIO,"
              + " and writing it anew mends it. If it comes again, replace the disk");
    }
    long lagging =
        image.copysets().values().stream()
            .filter(copyset -> laggards(copyset).contains(disk.replica()))
            .count();
    if (lagging > 0) {
      boolean beats = presence.beats(disk.replica());
      add(
          ReasonCode.REPLICA_LAGGING,
          object,
          beats
              ? object + " is catching up in " + lagging + " copysets"
              : object + " is away and lacks writes of " + lagging + " copysets",
          beats ? "wait: it goes on by itself" : "start its chunkserver, or see its log");
    }
  }

  private void outOfService(ChunkserverRecord disk, String object) {
    List<OutOfService> all =
        presence.report(disk.id()).map(ChunkserverReport::outOfService).orElse(List.of());
    outOfService(
        ReasonCode.REPLICA_FAILED,
        object,
        all.stream().filter(one -> !one.needsMove()).toList(),
        "see its chunkserver's log, then restart it; if it comes again, replace the disk");
    outOfService(
        ReasonCode.REPLICA_NEEDS_MOVE,
        object,
        all.stream().filter(OutOfService::needsMove).toList(),
        "delete volumes, or purge deleted ones; then restart its chunkserver, and they go on where"
            + " they stopped");
  }

  private void outOfService(
      ReasonCode code, String object, List<OutOfService> replicas, String cure) {
    if (!replicas.isEmpty()) {
      add(
          code,
          object,
          "%s: %d replicas are out of service, of %s: %s"
              .formatted(
                  object,
                  replicas.size(),
                  names(replicas.stream().map(one -> one.copyset().id()).toList()),
                  replicas.getFirst().why()),
          cure);
    }
  }

  private List<ReplicaId> laggards(CopysetRecord copyset) {
    return presence
        .leader(copyset)
        .flatMap(leader -> presence.report(leader, copyset.copyset().id()))
        .map(CopysetReport::lagging)
        .orElse(List.of());
  }

  private void room(ChunkserverRecord disk) {
    if (PoolCapacity.usableSlots(disk.slots()) == 0) {
      add(
          ReasonCode.DISK_TOO_SMALL,
          name(disk),
          name(disk)
              + " has room for "
              + disk.slots()
              + " chunks of 16 MiB, of which "
              + PoolCapacity.reserve(disk.slots())
              + " are kept back: nothing can be written to it",
          "a disk can't be exchanged yet: make the cluster anew with disks of 512MiB or more");
    } else if (allocator.left(disk) == 0) {
      add(
          ReasonCode.DISK_FULL,
          name(disk),
          ("%s is full: all of its %d chunks of 16 MiB are in use or promised to volumes, but for"
                  + " %d that are kept back; what is mapped can be written to")
              .formatted(name(disk), disk.slots(), PoolCapacity.reserve(disk.slots())),
          MAKE_ROOM);
    }
  }

  private void pool() {
    long capacity = SegmentAllocator.capacity(image).map(ByteSize::bytes).orElse(0L);
    if (capacity == 0) {
      return;
    }
    long used = capacity - allocator.left().map(ByteSize::bytes).orElse(0L);
    long percent = used * 100 / capacity;
    Optional<ReasonCode> code =
        percent >= 95
            ? Optional.of(ReasonCode.CAPACITY_95)
            : percent >= 85
                ? Optional.of(ReasonCode.CAPACITY_85)
                : percent >= 75 ? Optional.of(ReasonCode.CAPACITY_75) : Optional.empty();
    code.ifPresent(reached ->
        add(
            reached,
            "pool",
            percent
                + " % of what the pool holds are in use or promised to volumes ("
                + new ByteSize(used).toHuman()
                + " of "
                + new ByteSize(capacity).toHuman()
                + (used == capacity ? "): what is not mapped yet can't be written" : ")"),
            MAKE_ROOM));
  }

  private void copysets() {
    aggregate(
        ReasonCode.COPYSET_NO_QUORUM,
        copyset -> lately(copyset) < majority(copyset),
        "have no majority of their disks: their volumes wait, nothing is lost",
        "start the chunkservers that are away");
    aggregate(
        ReasonCode.COPYSET_NO_LEADER,
        copyset -> lately(copyset) >= majority(copyset) && presence.leaderLately(copyset).isEmpty(),
        "have no leader at the moment: their volumes wait",
        "wait some seconds; if it stays, see the chunkservers' logs");
    aggregate(
        ReasonCode.COPYSET_DEGRADED,
        copyset ->
            lately(copyset) >= majority(copyset)
                && lately(copyset) < copyset.membership().voters().size(),
        "miss a replica: reads and writes go on",
        "start the chunkservers that are away");
  }

  private void moves() {
    moves
        .progress()
        .ifPresent(
            text -> add(ReasonCode.REPLICAS_MOVING, "pool", text, "wait: it goes on by itself"));
    Map<CopysetId, String> stuck = moves.stuck();
    if (!stuck.isEmpty()) {
      add(
          ReasonCode.NO_DISK_TO_MOVE_TO,
          names(List.copyOf(stuck.keySet())),
          "%d of %d copysets can't be rebuilt: %s"
              .formatted(stuck.size(), image.copysets().size(), stuck.values().iterator().next()),
          "add a disk on a server that holds none of their replicas, or bring the old one back");
    }
  }

  private void aggregate(
      ReasonCode code, Predicate<CopysetRecord> which, String what, String cure) {
    List<CopysetId> found =
        image.copysets().values().stream()
            .filter(which)
            .map(copyset -> copyset.copyset().id())
            .toList();
    if (found.isEmpty()) {
      return;
    }
    add(
        code,
        names(found),
        found.size() + " of " + image.copysets().size() + " copysets " + what + blamed(found),
        cure);
  }

  /** The disks that the copysets miss. */
  private String blamed(Collection<CopysetId> copysets) {
    TreeSet<ChunkserverId> away =
        copysets.stream()
            .flatMap(id -> Optional.ofNullable(image.copysets().get(id)).stream())
            .flatMap(copyset ->
                copyset.membership().voters().stream()
                    .filter(member -> !presence.servesLately(member, copyset.copyset().id())))
            .map(ReplicaId::chunkserver)
            .collect(Collectors.toCollection(TreeSet::new));
    return away.isEmpty()
        ? ""
        : "; away: "
            + away.stream()
                .map(id -> image.chunkserver(id).map(this::name).orElse(id.toString()))
                .collect(Collectors.joining(", "));
  }

  private long lately(CopysetRecord copyset) {
    return count(copyset, member -> presence.servesLately(member, copyset.copyset().id()) ? 1 : 0);
  }

  static int majority(CopysetRecord copyset) {
    return copyset.membership().voters().size() / 2 + 1;
  }

  private static long count(CopysetRecord copyset, ToLongFunction<ReplicaId> each) {
    return copyset.membership().voters().stream().mapToLong(each).sum();
  }

  private static String names(List<CopysetId> copysets) {
    String first =
        copysets.stream().limit(NAMED).map(CopysetId::toString).collect(Collectors.joining(", "));
    return copysets.size() <= NAMED ? first : first + ", …";
  }

  private long seconds(ChunkserverRecord disk) {
    return presence.silence(disk.id()).toSeconds();
  }

  private String name(ChunkserverRecord disk) {
    String place =
        disk.diskName().equals(disk.failureDomain()) ? "" : " on " + disk.failureDomain();
    return disk.diskName() + place + " (" + disk.id() + ")";
  }

  private String name(VolumeId volume) {
    return image.volume(volume).map(VolumeRecord::name).orElse("") + " (" + volume + ")";
  }

  private String of(AttachmentId attachment) {
    return image.volumeOf(attachment).map(volume -> " of " + name(volume)).orElse("");
  }

  private void add(ReasonCode code, String object, String text, String cure) {
    reasons.add(new Reason(code.name(), object, text, cure));
  }
}
