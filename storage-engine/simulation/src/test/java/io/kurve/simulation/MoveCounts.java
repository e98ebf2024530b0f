package io.kurve.simulation;

import io.kurve.core.metastore.MetaStore;
import io.kurve.mds.record.Keys;
import io.kurve.mds.record.RecordCodec;
import io.kurve.mds.record.StoredRecord.MoveRecord;
import io.kurve.mds.record.StoredRecord.MoveStep;
import io.kurve.testkit.metastore.InMemoryMetaStore;
import java.util.List;

/**
 * What became of moves of replicas, as the metadata store saw it: a run that has none shows none.
 */
final class MoveCounts {
  private static final String MOVE = Keys.ALL + "move/";
  private static final String RETIRED = Keys.ALL + "retired/";

  private Counts counts = new Counts(0, 0, 0, 0);

  /**
   * @param begun moves
   * @param back steps back, because the new disk was gone, too
   * @param retired tombstones of replicas
   * @param removed replicas whose disks have removed them
   */
  record Counts(long begun, long back, long retired, long removed) {
    Counts plus(Counts other) {
      return new Counts(
          begun + other.begun, back + other.back, retired + other.retired, removed + other.removed);
    }
  }

  MoveCounts(InMemoryMetaStore store) {
    var _ =
        store
            .connect()
            .watch(
                Keys.ALL,
                0,
                new MetaStore.WatchListener() {
                  @Override
                  public void changed(List<MetaStore.Change> changes, long revision) {
                    changes.forEach(change -> count(change));
                  }

                  @Override
                  public void lost(String why) {
                    throw new AssertionError(why);
                  }
                });
  }

  Counts counts() {
    return counts;
  }

  private void count(MetaStore.Change change) {
    boolean stored = change.value().isPresent();
    if (change.key().startsWith(RETIRED)) {
      counts = counts.plus(new Counts(0, 0, stored ? 1 : 0, stored ? 0 : 1));
    } else if (change.key().startsWith(MOVE) && stored) {
      MoveRecord move = (MoveRecord) RecordCodec.decode(change.key(), change.value().orElseThrow());
      MoveStep step = move.step();
      counts =
          counts.plus(
              new Counts(step == MoveStep.CREATE ? 1 : 0, step == MoveStep.BACK ? 1 : 0, 0, 0));
    }
  }
}
