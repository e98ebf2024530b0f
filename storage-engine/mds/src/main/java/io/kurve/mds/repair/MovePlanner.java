package io.kurve.mds.repair;

import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.ReplicaId;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.state.Image;
import io.kurve.mds.state.Versioned;
import io.kurve.mds.volume.SegmentAllocator;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/**
 * Says which replica goes where next. Pure: image and what is known of disks in, moves out.
 *
 * <pre>
 *   a copyset  without a move under way, a majority of whose other members serves
 *   leaves     of its members on disks that have to be left the first, and one that is dead first
 *   joins      of the disks that may take replicas, in a failure domain that no staying member uses,
 *              with room for all that is promised to the copyset: the one with the most room
 * </pre>
 *
 * One replica of a copyset at a time: the others must be able to decide without the two.
 */
final class MovePlanner {
  private final Image image;
  private final View view;
  private final Map<ChunkserverId, Long> free = new TreeMap<>();
  private final Set<ChunkserverId> takingIn = new TreeSet<>();

  /** What was heard of disks and copysets. */
  interface View {
    /** Why its replicas have to go; empty when they may stay. */
    Optional<String> leave(ChunkserverRecord disk);

    /** Whether it may get replicas. */
    boolean takes(ChunkserverRecord disk);

    boolean serves(ReplicaId replica, CopysetId copyset);

    int slotsInUse(ChunkserverRecord disk);
  }

  record Proposal(CopysetRecord copyset, ReplicaId leaving, ReplicaId joining, String why) {}

  /**
   * @param waiting replicas that have to go and can, those on their way included
   * @param stuck why there is no disk for a copyset's replica, by copyset
   */
  record Plan(List<Proposal> proposals, int waiting, Map<CopysetId, String> stuck) {}

  private MovePlanner(Image image, View view) {
    this.image = image;
    this.view = view;
    SegmentAllocator room = new SegmentAllocator(image, _ -> true, view::slotsInUse);
    image.chunkservers().values().forEach(disk -> free.put(disk.id(), room.left(disk)));
    image.moves().values().forEach(move -> takingIn.add(move.joining().chunkserver()));
  }

  /**
   * @param atMost how many moves may begin now
   */
  static Plan plan(Image image, View view, int atMost) {
    return new MovePlanner(image, view).plan(atMost);
  }

  private Plan plan(int atMost) {
    List<Proposal> proposals = new ArrayList<>();
    Map<CopysetId, String> stuck = new TreeMap<>();
    int waiting = 0;
    for (CopysetRecord copyset : image.copysets().values()) {
      Map<ReplicaId, String> leaving = leaving(copyset);
      if (leaving.isEmpty()) {
        continue;
      }
      if (image.moves().containsKey(copyset.copyset().id())) {
        waiting += leaving.size();
        continue;
      }
      Optional<ReplicaId> chosen = first(copyset, leaving.keySet());
      if (chosen.isEmpty()) {
        continue;
      }
      ReplicaId first = chosen.get();
      Optional<ChunkserverRecord> target = target(copyset, first);
      if (target.isEmpty()) {
        Optional<String> why = noTarget(copyset, first);
        why.ifPresent(text -> stuck.put(copyset.copyset().id(), text));
        waiting += why.isPresent() ? 0 : leaving.size();
        continue;
      }
      waiting += leaving.size();
      if (proposals.size() < atMost) {
        ChunkserverRecord disk = target.get();
        proposals.add(
            new Proposal(copyset, first, disk.replica(), leaving.getOrDefault(first, "")));
        free.merge(disk.id(), -image.promisedChunks(copyset.copyset().id()), Long::sum);
        takingIn.add(disk.id());
      }
    }
    return new Plan(List.copyOf(proposals), waiting, stuck);
  }

  private Map<ReplicaId, String> leaving(CopysetRecord copyset) {
    Map<ReplicaId, String> leaving = new TreeMap<>();
    for (ReplicaId member : copyset.membership().voters()) {
      Optional<String> why = disk(member).flatMap(view::leave);
      why.ifPresent(text -> leaving.put(member, text));
    }
    return leaving;
  }

  private Optional<ChunkserverRecord> disk(ReplicaId replica) {
    return image.chunkserver(replica.chunkserver());
  }

  /**
   * One that serves no more before one that does: it is missed, and the others may need that one.
   */
  private Optional<ReplicaId> first(CopysetRecord copyset, Set<ReplicaId> leaving) {
    return leaving.stream()
        .filter(member -> othersDecide(copyset, member))
        .min(
            Comparator.comparing(
                (ReplicaId member) -> view.serves(member, copyset.copyset().id())));
  }

  private boolean othersDecide(CopysetRecord copyset, ReplicaId leaving) {
    List<ReplicaId> voters = copyset.membership().voters();
    long serving =
        voters.stream()
            .filter(member -> !member.equals(leaving))
            .filter(member -> view.serves(member, copyset.copyset().id()))
            .count();
    return serving > voters.size() / 2;
  }

  private Optional<ChunkserverRecord> target(CopysetRecord copyset, ReplicaId leaving) {
    long needed = image.promisedChunks(copyset.copyset().id());
    ToLongFunction<ChunkserverRecord> room = disk -> free.getOrDefault(disk.id(), 0L);
    return elsewhere(copyset, leaving).stream()
        .filter(disk -> !takingIn.contains(disk.id()))
        .filter(disk -> room.applyAsLong(disk) >= needed)
        .max(Comparator.comparingLong(room).thenComparingLong(disk -> -disk.id().value()));
  }

  /** Disks that may take it, with or without the room. */
  private List<ChunkserverRecord> elsewhere(CopysetRecord copyset, ReplicaId leaving) {
    Set<String> domains =
        copyset.membership().voters().stream()
            .filter(member -> !member.equals(leaving))
            .flatMap(member -> disk(member).stream())
            .map(ChunkserverRecord::failureDomain)
            .collect(Collectors.toCollection(TreeSet::new));
    return image.chunkservers().values().stream()
        .filter(disk -> !copyset.hasMember(disk.replica()))
        .filter(disk -> !isRetired(copyset, disk.replica()))
        .filter(disk -> !domains.contains(disk.failureDomain()))
        .filter(view::takes)
        .toList();
  }

  /** What is left there of a replica of before is to be removed first. */
  private boolean isRetired(CopysetRecord copyset, ReplicaId replica) {
    return image.retired().stream()
        .map(Versioned::record)
        .anyMatch(record ->
            record.copyset().equals(copyset.copyset()) && record.replica().equals(replica));
  }

  /** Empty when it only has to wait for its turn. */
  private Optional<String> noTarget(CopysetRecord copyset, ReplicaId leaving) {
    List<ChunkserverRecord> disks = elsewhere(copyset, leaving);
    if (disks.isEmpty()) {
      return Optional.of("no other disk that works lies on a server of its own");
    }
    long needed = image.promisedChunks(copyset.copyset().id());
    boolean room = disks.stream().anyMatch(disk -> free.getOrDefault(disk.id(), 0L) >= needed);
    return room
        ? Optional.empty()
        : Optional.of("no other disk has room for its " + needed + " chunks");
  }
}
