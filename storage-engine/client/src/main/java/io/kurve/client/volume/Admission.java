package io.kurve.client.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.Geometry;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests of one volume, in the order in which they came: those that wait, because too many
 * numbers or bytes are in flight, and those in flight. Starts them and ends them.
 */
final class Admission {
  private static final Logger LOG = LoggerFactory.getLogger(Admission.class);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(1);

  private final Engine engine;
  private final VolumePorts ports;
  private final Unmapped unmapped;
  private final Deque<Request> waiting = new ArrayDeque<>();
  private final Map<Request, OverlapOrder.Entry> inFlight = new LinkedHashMap<>();
  private final OverlapOrder order = new OverlapOrder();
  private final List<CompletableFuture<Void>> flushes = new ArrayList<>();
  private final List<Runnable> whenIdle = new ArrayList<>();

  /** Ended and answered by nobody yet: should this process die, they are asked for again. */
  private final List<Request> lingering = new ArrayList<>();

  private long bytesInFlight;
  private long arrivals;
  private boolean lookingAgain;

  Admission(Engine engine, VolumePorts ports) {
    this.engine = engine;
    this.ports = ports;
    this.unmapped = new Unmapped(engine.segments(), this);
    engine.session().onFenced(this::failAll);
  }

  Engine engine() {
    return engine;
  }

  void submit(Request.Asked asked, CompletableFuture<Void> future) {
    // As many as could be in flight may wait for their places.
    int before = Math.max(waiting.size(), unmapped.count() - engine.limits().numberSpan());
    if (before >= engine.limits().waitingRequests()) {
      ports.metrics().failed(asked.operation());
      future.completeExceptionally(
          new KurveException(
              ErrorCode.OVERLOAD,
              "volume '%s': %d requests wait already"
                  .formatted(engine.session().volume().name(), before),
              "have fewer requests in flight"));
      return;
    }
    Request request = new Request(asked, future, this, ++arrivals);
    if (asked.flight().earlierNumber() != 0) {
      // Not behind others: those may wait for its number to end.
      launch(request);
      return;
    }
    place(request);
  }

  void place(Request request) {
    if (!unmapped.holds(request)) {
      enter(request);
    }
  }

  /** Its turn comes when there is room for its numbers and bytes. */
  void enter(Request request) {
    waiting.add(request);
    admit();
  }

  /** Nothing of it has begun. */
  void failedBefore(Request request, KurveException why) {
    ports.metrics().failed(request.asked().operation());
    request.future().completeExceptionally(why);
    request.afterEnd().forEach(Runnable::run);
    runIfIdle();
  }

  private Stream<Request> all() {
    return Stream.of(inFlight.keySet().stream(), waiting.stream(), unmapped.all())
        .flatMap(requests -> requests);
  }

  void allAskedAgain() {
    engine.window().closeUnclaimed();
    admit();
  }

  /** Ends it when every change asked for until now has ended. */
  void flush(CompletableFuture<Void> future) {
    List<Request> changes = all().filter(request -> request.asked().operation().changes()).toList();
    if (changes.isEmpty()) {
      future.complete(null);
      return;
    }
    flushes.add(future);
    int[] left = {changes.size()};
    for (Request change : changes) {
      change
          .afterEnd()
          .add(() -> {
            if (--left[0] == 0) {
              flushes.remove(future);
              future.complete(null);
            }
          });
    }
  }

  /** Runs once nothing waits and nothing is in flight. */
  void whenIdle(Runnable task) {
    whenIdle.add(task);
    runIfIdle();
  }

  /** Its last piece has ended. */
  void ended(Request request) {
    OverlapOrder.Entry entry = inFlight.remove(request);
    if (entry == null) {
      throw new IllegalStateException("request " + request.numbers() + " is not in flight");
    }
    bytesInFlight -= weight(request);
    order.ended(entry);
    tell(request);
    lingering.add(request);
    closeNumbers();
    request.afterEnd().forEach(Runnable::run);
    admit();
    runIfIdle();
  }

  private void closeNumbers() {
    lingering.removeIf(request -> {
      boolean over = request.asked().flight().isOver();
      if (over) {
        request.numbers().forEach(engine.window()::answered);
      }
      return over;
    });
  }

  private void admit() {
    closeNumbers();
    for (Request next = waiting.peek();
        next != null && engine.window().hasRoom() && hasRoomFor(next);
        next = waiting.peek()) {
      waiting.remove();
      launch(next);
    }
    if (!waiting.isEmpty() && !lingering.isEmpty() && !lookingAgain) {
      lookingAgain = true;
      var unused = ports.loop().schedule(LOOK_AGAIN, () -> engine.turn().enter(this::lookAgain));
    }
  }

  /** Nobody says when what lingers is over. */
  private void lookAgain() {
    lookingAgain = false;
    admit();
  }

  private boolean hasRoomFor(Request request) {
    return bytesInFlight == 0 || bytesInFlight + weight(request) <= engine.limits().bytesInFlight();
  }

  private void launch(Request request) {
    bytesInFlight += weight(request);
    request.takeNumbers();
    Request.Asked asked = request.asked();
    OverlapOrder.Entry entry =
        new OverlapOrder.Entry(
            asked.offset() / Geometry.BLOCK_BYTES,
            Math.ceilDiv(asked.offset() + asked.length(), Geometry.BLOCK_BYTES),
            asked.operation().changes(),
            () -> engine.turn().enter(request::start));
    inFlight.put(request, entry);
    order.add(entry);
  }

  private static long weight(Request request) {
    return request.asked().buffer().isPresent() ? request.asked().length() : 0;
  }

  private void tell(Request request) {
    Request.Asked asked = request.asked();
    long nanos = ports.loop().nanoTime() - asked.sinceNanos();
    ports.metrics().ended(asked.operation(), nanos);
    if (nanos > engine.limits().slow().toNanos()) {
      LOG.info(
          "slow: volume '{}', {} of {} bytes at {} took {} ms, request {}.{}",
          engine.session().volume().name(),
          asked.operation(),
          asked.length(),
          asked.offset(),
          Duration.ofNanos(nanos).toMillis(),
          engine.session().attachment().value(),
          request.numbers().getFirst());
    }
    Optional<KurveException> failure = request.failure();
    if (failure.isPresent()) {
      ports.metrics().failed(asked.operation());
      request.future().completeExceptionally(failure.get());
    } else {
      request.future().complete(null);
    }
  }

  private void failAll() {
    KurveException why = engine.session().fencedBecause().orElseThrow();
    List<CompletableFuture<Void>> all =
        Stream.concat(all().map(Request::future), flushes.stream()).toList();
    inFlight.clear();
    waiting.clear();
    unmapped.clear();
    flushes.clear();
    bytesInFlight = 0;
    all.forEach(future -> future.completeExceptionally(why));
    runIfIdle();
  }

  private void runIfIdle() {
    if (all().findAny().isEmpty()) {
      List<Runnable> tasks = List.copyOf(whenIdle);
      whenIdle.clear();
      tasks.forEach(Runnable::run);
    }
  }
}
