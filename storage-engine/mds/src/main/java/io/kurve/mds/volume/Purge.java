package io.kurve.mds.volume;

import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.metadata.Volume;
import io.kurve.mds.leadership.Decision;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.SegmentRecord;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import io.kurve.mds.state.Change;
import io.kurve.mds.state.Versioned;
import io.kurve.mds.topology.LeaderCall;
import io.kurve.mds.topology.Presence;
import java.util.ArrayList;
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
 * Every step can be done twice, so after a crash it begins again with what the records say.
 */
public final class Purge {
  private static final Logger LOG = LoggerFactory.getLogger(Purge.class);
  private static final int AT_ONCE = 4;

  /** Well below the number of writes that any store takes in one transaction. */
  private static final int REMOVALS_AT_ONCE = 100;

  private final Office office;
  private final Presence presence;
  private final ChunkserverCommands commands;
  private final Grants grants;
  private final Map<VolumeId, Map<CopysetId, LeaderCall>> running = new TreeMap<>();

  public Purge(Office office, Presence presence, ChunkserverCommands commands, Grants grants) {
    this.office = office;
    this.presence = presence;
    this.commands = commands;
    this.grants = grants;
  }

  /** Begins with those deleted volumes that have their turn. */
  public void resume() {
    List<VolumeRecord> deleted =
        office.image().volumes().values().stream()
            .map(Versioned::record)
            .filter(volume -> volume.state() == Volume.State.DELETING)
            .filter(volume -> !running.containsKey(volume.id()))
            .toList();
    for (VolumeRecord volume : deleted) {
      if (running.size() < AT_ONCE) {
        begin(volume.id());
      }
    }
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
    Map<CopysetId, LeaderCall> calls = running.getOrDefault(volume, Map.of());
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
    Map<CopysetId, LeaderCall> calls = new TreeMap<>();
    running.put(volume, calls);
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
    for (LeaderCall call : List.copyOf(calls.values())) {
      office.background(
          call.done()
              .thenRun(() -> {
                calls.remove(call.copyset());
                if (calls.isEmpty()) {
                  removeRecords(volume);
                }
              }));
    }
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
