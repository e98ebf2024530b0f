package io.kurve.mds.volume;

import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.metadata.Volume;
import io.kurve.core.time.EventLoop;
import io.kurve.mds.leadership.Decision;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.SegmentRecord;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import io.kurve.mds.state.Change;
import io.kurve.mds.state.Versioned;
import io.kurve.mds.topology.LeaderCall;
import io.kurve.mds.topology.Presence;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives deleted volumes' space back.
 *
 * <pre>
 *   ACTIVE --delete: one transaction--> DELETING (the tombstone; its revision is in every command)
 *     -> purge committed in every copyset that a segment names   (repeated until each confirms)
 *     -> segment records removed, some at a time, then the volume's
 * </pre>
 *
 * Every step can be done twice, so after a crash it begins again with what the records say. Some
 * volumes at once have their turn. Those that make no step in a while give way to others, and begin
 * anew when these have had theirs: a copyset without a quorum keeps nobody else's space.
 */
public final class Purge {
  private static final Logger LOG = LoggerFactory.getLogger(Purge.class);
  private static final int AT_ONCE = 4;
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Well below the number of writes that any store takes in one transaction. */
  private static final int REMOVALS_AT_ONCE = 100;

  private final Office office;
  private final Presence presence;
  private final ChunkserverCommands commands;
  private final Grants grants;
  private final Map<VolumeId, Turn> running = new TreeMap<>();

  /** How often those that wait gave way. */
  private final Map<VolumeId, Integer> gaveWay = new TreeMap<>();

  public Purge(Office office, Presence presence, ChunkserverCommands commands, Grants grants) {
    this.office = office;
    this.presence = presence;
    this.commands = commands;
    this.grants = grants;
  }

  /** The copysets that have yet to free a volume. */
  private static final class Turn {
    final Map<CopysetId, LeaderCall> calls = new TreeMap<>();
  }

  /** Begins with those deleted volumes that have their turn. */
  public void resume() {
    for (VolumeId volume : waiting()) {
      if (running.size() < AT_ONCE) {
        begin(volume);
      }
    }
  }

  private List<VolumeId> waiting() {
    return office.image().volumes().values().stream()
        .map(Versioned::record)
        .filter(volume -> volume.state() == Volume.State.DELETING)
        .map(VolumeRecord::id)
        .filter(volume -> !running.containsKey(volume))
        .sorted(Comparator.comparingInt(volume -> gaveWay.getOrDefault(volume, 0)))
        .toList();
  }

  /** Which volumes wait for copysets, and for which. */
  public Map<VolumeId, String> holdUps() {
    Map<VolumeId, String> holdUps = new LinkedHashMap<>();
    for (VolumeId volume : running.keySet()) {
      progress(volume).ifPresent(text -> holdUps.put(volume, text));
    }
    return holdUps;
  }

  Optional<String> progress(VolumeId volume) {
    Map<CopysetId, LeaderCall> calls = running.getOrDefault(volume, new Turn()).calls;
    return calls.values().stream()
        .findFirst()
        .map(call ->
            calls.size()
                + " copysets have yet to free it, the first is "
                + call.copyset()
                + " ("
                + call.lastFailure()
                + ")");
  }

  private void begin(VolumeId volume) {
    Versioned<VolumeRecord> record = office.image().volumes().get(volume);
    if (record == null) {
      return;
    }
    long deletingTransaction = record.revision();
    Turn turn = new Turn();
    Map<CopysetId, LeaderCall> calls = turn.calls;
    running.put(volume, turn);
    List<CopysetId> copysets = List.copyOf(office.image().everGranted(volume));
    for (CopysetId copyset : copysets) {
      LeaderCall call =
          LeaderCall.start(
              office,
              presence,
              copyset,
              (target, authority, key) ->
                  commands.purgeVolume(target, authority, key, volume, deletingTransaction));
      calls.put(copyset, call);
    }
    if (calls.isEmpty()) {
      removeRecords(volume);
    }
    giveWayIfHeldUp(volume, turn, calls.size());
    for (LeaderCall call : List.copyOf(calls.values())) {
      office.background(
          call.done()
              .thenRun(() -> {
                calls.remove(call.copyset());
                if (calls.isEmpty() && running.get(volume) == turn) {
                  removeRecords(volume);
                }
              }));
    }
  }

  private void giveWayIfHeldUp(VolumeId volume, Turn turn, int left) {
    EventLoop.Timer _ =
        office
            .loop()
            .schedule(
                PATIENCE,
                () -> {
                  boolean over = running.get(volume) != turn || turn.calls.isEmpty();
                  if (over || office.gate().ended()) {
                    return;
                  }
                  if (turn.calls.size() < left || waiting().isEmpty()) {
                    giveWayIfHeldUp(volume, turn, turn.calls.size());
                    return;
                  }
                  turn.calls.values().forEach(LeaderCall::drop);
                  running.remove(volume);
                  gaveWay.merge(volume, 1, Integer::sum);
                  resume();
                });
  }

  private void removeRecords(VolumeId volume) {
    office.background(
        office
            .gate()
            .write(() -> removeSome(volume))
            .whenComplete((more, failure) -> {
              if (failure != null) {
                LOG.warn("the records of deleted {} stay for now: {}", volume, text(failure));
                running.remove(volume);
              } else if (more) {
                removeRecords(volume);
              } else {
                LOG.info("{} is purged", volume);
                running.remove(volume);
                gaveWay.remove(volume);
                grants.forget(volume);
                resume();
              }
            }));
  }

  private Decision<Boolean> removeSome(VolumeId volume) {
    Optional<VolumeRecord> record = office.image().volume(volume);
    if (record.isEmpty()) {
      return Decision.reply(false);
    }
    List<SegmentRecord> segments =
        office.image().segmentsOf(volume).values().stream().limit(REMOVALS_AT_ONCE).toList();
    List<Change> changes = new ArrayList<>();
    segments.forEach(segment -> changes.add(new Change.Remove(segment)));
    boolean last = segments.size() < REMOVALS_AT_ONCE;
    if (last) {
      changes.add(new Change.Remove(office.image().attachments(volume).record()));
      changes.add(new Change.Remove(record.get()));
    }
    return new Decision<>(changes, () -> !last);
  }

  private static String text(Throwable failure) {
    return String.valueOf(failure.getMessage());
  }
}
