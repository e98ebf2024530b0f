package io.kurve.client.volume;

import io.kurve.client.volume.ClientMetrics.Retry;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.RequestId;
import io.kurve.core.unit.Geometry;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One sub-request under one id, over all its tries.
 *
 * <pre>
 *            +--------- other member at once, a few times ---------+
 *            v                                                     |
 *   attempt --> sent --(UNAVAILABLE, NOT_LEADER, silence)----------+
 *      ^          |                                                |
 *      |          +--(OVERLOAD, UNKNOWN_OUTCOME, REFUSED, ...)--> back off
 *      |          |                                                |
 *      +----------|------------------------------------------------+
 *                 +--(Done, Data, Mismatch, final error)--> ended
 * </pre>
 *
 * A late success of an earlier try counts: the id is the same, so it is an answer to the same
 * request. A late failure does not, but for FENCED.
 */
final class Call {
  private static final int WAITS_BEFORE_REFRESH = 3;

  private final DataCalls calls;
  private final Subject subject;
  private final Consumer<DataReply> answer;
  private final BackOff backOff;
  private final long startedNanos;
  private Optional<Route.Target> target = Optional.empty();
  private Duration timeout;
  private String lastTrouble = "nobody answered";
  private long sentNanos;
  private int tries;
  private int waits;
  private int atOnce;
  private boolean awaitingReply;
  private boolean stalled;
  private boolean ended;

  Call(DataCalls calls, Subject subject, Consumer<DataReply> answer) {
    this.calls = calls;
    this.subject = subject;
    this.answer = answer;
    this.backOff = new BackOff(calls.ports().random(), calls.times());
    this.startedNanos = calls.ports().loop().nanoTime();
    this.timeout = calls.times().tryTimeout();
    this.atOnce = subject.place().route().size();
  }

  record Subject(RequestId id, DataCalls.Place place, DataRequest.Operation operation) {}

  Subject subject() {
    return subject;
  }

  long startedNanos() {
    return startedNanos;
  }

  String lastTrouble() {
    return lastTrouble;
  }

  boolean isStalled() {
    return stalled;
  }

  void markStalled() {
    stalled = true;
  }

  void attempt() {
    if (ended || calls.session().isFenced()) {
      return;
    }
    target = route().target();
    if (target.isEmpty()) {
      tryAgainLater();
      return;
    }
    int thisTry = ++tries;
    awaitingReply = true;
    sentNanos = calls.ports().loop().nanoTime();
    DataRequest request =
        new DataRequest(
            calls.context(subject, target.get(), timeout),
            subject.place().address(),
            subject.operation());
    calls
        .ports()
        .transport()
        .send(
            target.get().member(),
            request,
            reply -> calls.turn().enter(() -> replied(thisTry, reply)));
  }

  void checkSilence(long nowNanos) {
    if (awaitingReply && nowNanos - sentNanos >= timeout.toNanos()) {
      lastTrouble = "silence for " + timeout.toMillis() + " ms";
      trouble(Retry.SILENCE);
      tryAnotherMember();
    }
  }

  private void replied(int ofTry, DataReply reply) {
    if (ended || calls.session().isFenced()) {
      return;
    }
    boolean isLatest = ofTry == tries && awaitingReply;
    switch (reply) {
      case DataReply.Done done -> end(done);
      case DataReply.Data data -> {
        @Nullable String damage = damageOf(data);
        if (damage == null) {
          end(data);
        } else if (isLatest) {
          lastTrouble = damage;
          trouble(Retry.CHECKSUM);
          tryAgainLater();
        }
      }
      case DataReply.Mismatch mismatch -> {
        if (isLatest) {
          end(mismatch);
        }
      }
      case DataReply.Failed failed -> {
        if (failed.code() == ErrorCode.FENCED) {
          calls.session().fence(failed.why());
        } else if (isLatest) {
          failed(failed);
        }
      }
    }
  }

  private @Nullable String damageOf(DataReply.Data data) {
    int length = subject.operation().length();
    if (data.data().remaining() != length
        || data.checksums().length != length / Geometry.BLOCK_BYTES) {
      return "an answer of another length";
    }
    return Arrays.equals(BlockChecksum.ofBlocks(data.data()), data.checksums())
        ? null
        : "data damaged on the way";
  }

  private void failed(DataReply.Failed failure) {
    lastTrouble = failure.code() + " " + failure.why();
    switch (failure.code()) {
      case DATA_LOST, INVALID_ARGUMENT, UNSUPPORTED -> end(failure);
      case NOT_LEADER -> {
        trouble(Retry.NOT_LEADER);
        followHint(failure);
      }
      case UNAVAILABLE, DEADLINE_EXCEEDED -> {
        trouble(Retry.UNAVAILABLE);
        tryAnotherMember();
      }
      case OVERLOAD -> {
        trouble(Retry.OVERLOAD);
        tryAgainLater();
      }
      case UNKNOWN_OUTCOME -> {
        trouble(Retry.UNKNOWN_OUTCOME);
        // A paused leader's requests end like this: who stays with it may stay for ever.
        if (failure.leader().isEmpty() || !route().follow(failure.leader().get())) {
          moveOn();
        }
        tryAgainLater();
      }
      case REFUSED -> {
        trouble(Retry.REFUSED);
        askForMembers();
        moveOn();
        tryAgainLater();
      }
      case NOT_FOUND,
          ALREADY_EXISTS,
          ATTACHED_ELSEWHERE,
          IN_USE,
          NO_SPACE,
          FENCED,
          BAD_STORE,
          INTERNAL -> {
        trouble(Retry.OTHER);
        askForMembers();
        moveOn();
        tryAgainLater();
      }
    }
  }

  private void trouble(Retry why) {
    awaitingReply = false;
    calls.ports().metrics().retried(why);
    if (calls.ports().loop().nanoTime() - sentNanos >= timeout.toNanos()) {
      Duration longest = calls.times().longestTryTimeout();
      Duration doubled = timeout.multipliedBy(2);
      timeout = doubled.compareTo(longest) < 0 ? doubled : longest;
    }
  }

  private void followHint(DataReply.Failed failure) {
    if (failure.leader().isEmpty()) {
      tryAnotherMember();
    } else if (route().follow(failure.leader().get())) {
      tryAtOnceOrLater();
    } else {
      askForMembers();
      tryAnotherMember();
    }
  }

  private void tryAnotherMember() {
    moveOn();
    tryAtOnceOrLater();
  }

  private void moveOn() {
    target.ifPresent(t -> route().moveOnFrom(t.member()));
  }

  private void tryAtOnceOrLater() {
    if (atOnce > 0) {
      atOnce--;
      attempt();
    } else {
      tryAgainLater();
    }
  }

  private void tryAgainLater() {
    waits++;
    if (waits >= WAITS_BEFORE_REFRESH || target.isEmpty()) {
      askForMembers();
    }
    atOnce = route().size();
    Duration delay = backOff.next();
    var unused = calls.ports().loop().schedule(delay, () -> calls.turn().enter(this::attempt));
  }

  private void askForMembers() {
    calls.copysets().refresh(route().copyset());
  }

  private Route route() {
    return subject.place().route();
  }

  private void end(DataReply reply) {
    ended = true;
    calls.ended(this);
    answer.accept(reply);
  }
}
