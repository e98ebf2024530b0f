package io.kurve.client.volume;

import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.id.RequestId;
import io.kurve.core.metadata.Volume;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All sub-requests of one volume that have no answer yet. One sweep now and then, instead of a
 * timer for each try, finds those whose server is silent, and says so when I/O stalls and goes on.
 */
final class DataCalls {
  private static final Logger LOG = LoggerFactory.getLogger(DataCalls.class);
  private static final Duration SWEEP = Duration.ofMillis(250);
  private static final long STALL_NANOS = Duration.ofSeconds(5).toNanos();

  private final VolumePorts ports;
  private final VolumeLimits.RetryTimes times;
  private final Session session;
  private final Copysets copysets;
  private final NumberWindow window;
  private final Turn turn;
  private final Set<Call> unanswered = new LinkedHashSet<>();
  private boolean sweeping;
  private int stalled;

  DataCalls(
      VolumePorts ports,
      VolumeLimits.RetryTimes times,
      Session session,
      Copysets copysets,
      NumberWindow window,
      Turn turn) {
    this.ports = ports;
    this.times = times;
    this.session = session;
    this.copysets = copysets;
    this.window = window;
    this.turn = turn;
    session.onFenced(this::forgetAll);
  }

  /**
   * Sends until there is an answer that no other try can change.
   *
   * @param answer gets Done, Data with the length and checksums that it must have, Mismatch, or a
   *     Failed that is final; nothing at all once the attachment is fenced
   */
  void call(
      RequestId id, Place place, DataRequest.Operation operation, Consumer<DataReply> answer) {
    Call call = new Call(this, new Call.Subject(id, place, operation), answer);
    unanswered.add(call);
    call.attempt();
    sweepLater();
  }

  /** A chunk and the route to its copyset. */
  record Place(ChunkAddress address, Route route) {}

  VolumePorts ports() {
    return ports;
  }

  VolumeLimits.RetryTimes times() {
    return times;
  }

  Session session() {
    return session;
  }

  Copysets copysets() {
    return copysets;
  }

  Turn turn() {
    return turn;
  }

  DataRequest.Context context(Call.Subject subject, Route.Target target, Duration remaining) {
    Volume volume = session.volume();
    return new DataRequest.Context(
        session.cluster(),
        target.member().replica().store(),
        target.copyset(),
        subject.id(),
        window.answeredBelow(),
        volume.sequence(),
        remaining);
  }

  void ended(Call call) {
    unanswered.remove(call);
    if (call.isStalled() && --stalled == 0) {
      LOG.info("volume '{}': I/O goes on", session.volume().name());
    }
    if (call.isStalled()) {
      ports.metrics().stalled(-1);
    }
  }

  private void sweepLater() {
    if (!sweeping) {
      sweeping = true;
      var unused = ports.loop().schedule(SWEEP, () -> turn.enter(this::sweep));
    }
  }

  private void sweep() {
    sweeping = false;
    long now = ports.loop().nanoTime();
    for (Call call : unanswered) {
      if (!call.isStalled() && now - call.startedNanos() >= STALL_NANOS) {
        call.markStalled();
        ports.metrics().stalled(1);
        if (stalled++ == 0) {
          LOG.warn(
              "volume '{}': no answer from {} for {} s, request {}, last: {}. I/O waits and goes on"
                  + " when a majority of its chunkservers is back",
              session.volume().name(),
              call.subject().place().route().copyset(),
              Duration.ofNanos(now - call.startedNanos()).toSeconds(),
              call.subject().id(),
              call.lastTrouble());
        }
      }
      call.checkSilence(now);
    }
    if (!unanswered.isEmpty()) {
      sweepLater();
    }
  }

  private void forgetAll() {
    ports.metrics().stalled(-stalled);
    stalled = 0;
    unanswered.clear();
  }
}
