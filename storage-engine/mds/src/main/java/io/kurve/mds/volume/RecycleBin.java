package io.kurve.mds.volume;

import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.InBin;
import io.kurve.core.time.EventLoop;
import io.kurve.core.unit.Moment;
import io.kurve.core.unit.TimeSpan;
import io.kurve.mds.leadership.Decision;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.Binned;
import io.kurve.mds.record.StoredRecord.RetentionClockRecord;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import io.kurve.mds.state.Change;
import io.kurve.mds.state.Versioned;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps deleted volumes for the time that they were given, and destroys them then.
 *
 * <pre>
 *   ACTIVE --delete--> DELETED --its time on the retention clock is over, or purge--> DELETING
 *      ^                  |                                                              |
 *      +---- undelete ----+                                                        see Purge
 *
 *   retention clock, a record:   0 ----+30 s----+30 s----+7 s----|          |----+30 s---->
 *                                      a tick of a leader each    nobody leads: it stands still
 * </pre>
 *
 * The clock counts what leaders see pass on their monotonic clocks, a tick at a time, each of them
 * a minute at most, and is durable. So no jump of any clock ends a volume's time: a wall clock's is
 * not looked at, a monotonic clock's brings a minute. Nor do restarts: they only make the time
 * longer.
 *
 * <p>A tick that finds that wall and monotonic clock went apart by more than a minute since the
 * last one says so in the record: from then on nothing is destroyed by age until a person says that
 * the clock is right.
 */
public final class RecycleBin {
  private static final Logger LOG = LoggerFactory.getLogger(RecycleBin.class);
  private static final Duration TICK = Duration.ofSeconds(30);
  private static final long SHORTEST_MILLIS = 100;
  private static final Duration LONGEST_TICK = Duration.ofMinutes(1);
  private static final Duration JUMP = Duration.ofMinutes(1);

  /** Well below the number of writes that any store takes in one transaction. */
  private static final int AT_ONCE = 50;

  private final Office office;
  private final Purge purge;
  private boolean ticking;
  private long lastNanos;
  private Instant lastWall = Instant.EPOCH;

  public RecycleBin(Office office, Purge purge) {
    this.office = office;
    this.purge = purge;
  }

  /** Begins to count, if anything waits for it. */
  public void resume() {
    if (!ticking && binned().findAny().isPresent()) {
      ticking = true;
      look();
      schedule();
    }
  }

  /** Why nothing is destroyed by age; empty when it is. */
  public Optional<String> held() {
    return binned().findAny().flatMap(_ -> office.image().retentionClock().held());
  }

  /** A stay that begins now. */
  Binned begin(Duration retention) {
    return new Binned(office.now(), observedMillis(), retention);
  }

  Optional<InBin> describe(VolumeRecord volume) {
    return volume
        .binned()
        .map(stay ->
            new InBin(
                stay.deleted(),
                Duration.ofMillis(Math.max(0, stay.untilMillis() - observedMillis()))));
  }

  Decision<Boolean> decideConfirm() {
    RetentionClockRecord clock = office.image().retentionClock();
    return clock.held().isEmpty()
        ? Decision.reply(true)
        : new Decision<>(
            List.of(
                new Change.Put(new RetentionClockRecord(clock.observedMillis(), Optional.empty()))),
            () -> true);
  }

  private Stream<VolumeRecord> binned() {
    return office.image().volumes().values().stream()
        .map(Versioned::record)
        .filter(volume -> volume.state() == Volume.State.DELETED);
  }

  private long observedMillis() {
    return office.image().retentionClock().observedMillis() + (ticking ? sinceLook() : 0);
  }

  private long sinceLook() {
    long millis = Duration.ofNanos(office.loop().nanoTime() - lastNanos).toMillis();
    return Math.max(0, Math.min(millis, LONGEST_TICK.toMillis()));
  }

  private void look() {
    lastNanos = office.loop().nanoTime();
    lastWall = office.now();
  }

  private void schedule() {
    RetentionClockRecord clock = office.image().retentionClock();
    long next =
        binned()
            .flatMap(volume -> volume.binned().stream())
            .mapToLong(stay -> stay.untilMillis() - clock.observedMillis())
            .filter(left -> left > 0 || clock.held().isEmpty())
            .min()
            .orElse(TICK.toMillis());
    Duration delay = Duration.ofMillis(Math.clamp(next, SHORTEST_MILLIS, TICK.toMillis()));
    EventLoop.Timer _ = office.loop().schedule(delay, this::tick);
  }

  private void tick() {
    if (office.gate().ended()) {
      return;
    }
    Optional<String> jump = jump();
    jump.ifPresent(text -> LOG.warn("deleted volumes are kept for now: {}", text));
    // Read before the transaction, so that one that is decided anew counts this tick once.
    long reached = observedMillis();
    look();
    office.background(
        office
            .gate()
            .write(() -> decide(reached, jump))
            .whenComplete((over, failure) -> {
              if (failure != null) {
                LOG.warn("deleted volumes are kept a little longer: {}", failure.getMessage());
              } else if (over > 0) {
                LOG.info("the time of {} deleted volumes is over", over);
                purge.resume();
              }
              ticking = !office.gate().ended() && binned().findAny().isPresent();
              if (ticking) {
                schedule();
              }
            }));
  }

  private Optional<String> jump() {
    Duration monotonic = Duration.ofNanos(office.loop().nanoTime() - lastNanos);
    Duration apart = Duration.between(lastWall, office.now()).minus(monotonic);
    return apart.abs().compareTo(JUMP) <= 0
        ? Optional.empty()
        : Optional.of(
            "the MDS's clock went "
                + (apart.isNegative() ? "back" : "forth")
                + " by "
                + TimeSpan.toHuman(apart.abs())
                + ", to "
                + Moment.toHuman(office.now()));
  }

  private Decision<Integer> decide(long reached, Optional<String> jump) {
    RetentionClockRecord before = office.image().retentionClock();
    RetentionClockRecord now =
        new RetentionClockRecord(
            Math.max(before.observedMillis(), reached), before.held().or(() -> jump));
    List<Change> changes = new ArrayList<>();
    changes.add(new Change.Put(now));
    if (now.held().isEmpty()) {
      binned()
          .filter(volume ->
              volume.binned().filter(s -> s.untilMillis() <= now.observedMillis()).isPresent())
          .limit(AT_ONCE)
          .forEach(volume -> changes.add(new Change.Put(volume.deleting())));
    }
    return new Decision<>(changes, () -> changes.size() - 1);
  }
}
