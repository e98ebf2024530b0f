package com.lmax.disruptor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.lmax.disruptor.dsl.Disruptor;
import com.lmax.disruptor.dsl.ProducerType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class RingBufferTest {
  private static final class Event {
    private long value;
  }

  private record Failure(long sequence, String text) {}

  private final List<Failure> failures = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch failed = new CountDownLatch(1);

  private Disruptor<Event> ring(int slots, EventHandler<Event> handler) {
    Disruptor<Event> ring =
        new Disruptor<>(
            Event::new,
            slots,
            task -> new Thread(task, "ring-of-test"),
            ProducerType.MULTI,
            new BlockingWaitStrategy());
    ring.handleEventsWith(handler);
    ring.setDefaultExceptionHandler(
        new ExceptionHandler<Event>() {
          @Override
          public void handleEventException(Throwable failure, long sequence, Event event) {
            failures.add(new Failure(sequence, failure.toString()));
            failed.countDown();
          }

          @Override
          public void handleOnStartException(Throwable failure) {
            throw new AssertionError(failure);
          }

          @Override
          public void handleOnShutdownException(Throwable failure) {
            throw new AssertionError(failure);
          }
        });
    return ring;
  }

  private static void publish(RingBuffer<Event> ring, long value) {
    ring.publishEvent((event, sequence) -> event.value = value);
  }

  @Test
  void manyThreadsThroughFewSlotsLoseNothingAndKeepEachOnesOrder() throws Exception {
    int threads = 4;
    int each = 20_000;
    long[] last = {-1, -1, -1, -1};
    AtomicLong count = new AtomicLong();
    CountDownLatch all = new CountDownLatch(1);
    Disruptor<Event> disruptor =
        ring(
            8,
            (event, sequence, endOfBatch) -> {
              int from = (int) (event.value % threads);
              long number = event.value / threads;
              if (number != last[from] + 1 || sequence != count.get()) {
                throw new AssertionError(number + " after " + last[from]);
              }
              last[from] = number;
              if (count.incrementAndGet() == (long) threads * each) {
                all.countDown();
              }
            });
    RingBuffer<Event> ring = disruptor.start();

    try (ExecutorService publishers = Executors.newFixedThreadPool(threads)) {
      List<Future<?>> done = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        int from = thread;
        done.add(
            publishers.submit(() -> {
              for (long number = 0; number < each; number++) {
                publish(ring, number * threads + from);
              }
            }));
      }
      for (Future<?> one : done) {
        one.get(60, TimeUnit.SECONDS);
      }
    }

    assertThat(all.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(failures).isEmpty();
    disruptor.shutdown();
  }

  @Test
  void whatWasPublishedMeanwhileIsOneBatchOnAVirtualThreadOfTheGivenName() throws Exception {
    Semaphore gate = new Semaphore(0);
    CountDownLatch first = new CountDownLatch(1);
    CountDownLatch last = new CountDownLatch(4);
    List<Boolean> ends = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
    Disruptor<Event> disruptor =
        ring(
            8,
            (event, sequence, endOfBatch) -> {
              first.countDown();
              gate.acquire();
              ends.add(endOfBatch);
              threads.add(Thread.currentThread());
              last.countDown();
            });
    RingBuffer<Event> ring = disruptor.start();

    publish(ring, 0);
    assertThat(first.await(60, TimeUnit.SECONDS)).isTrue();
    publish(ring, 1);
    publish(ring, 2);
    publish(ring, 3);
    gate.release(4);

    assertThat(last.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(ends).containsExactly(true, false, false, true);
    assertThat(threads)
        .allMatch(thread -> thread.isVirtual() && thread.getName().equals("ring-of-test"))
        .containsOnly(threads.getFirst());
    disruptor.shutdown();
  }

  @Test
  void aFullRingRefusesOrWaits() throws Exception {
    Semaphore gate = new Semaphore(0);
    CountDownLatch first = new CountDownLatch(1);
    Disruptor<Event> disruptor =
        ring(
            2,
            (event, sequence, endOfBatch) -> {
              first.countDown();
              gate.acquire();
            });
    RingBuffer<Event> ring = disruptor.start();
    publish(ring, 0);
    assertThat(first.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(ring.remainingCapacity()).isEqualTo(1);
    assertThat(ring.tryPublishEvent((event, sequence) -> event.value = 1)).isTrue();

    assertThat(ring.tryPublishEvent((event, sequence) -> event.value = 2)).isFalse();
    assertThat(ring.hasAvailableCapacity(1)).isFalse();
    assertThat(ring.getBufferSize()).isEqualTo(2);

    try (ExecutorService publisher = Executors.newSingleThreadExecutor()) {
      Future<?> waiting = publisher.submit(() -> publish(ring, 2));
      gate.release();
      waiting.get(60, TimeUnit.SECONDS);
      gate.release(2);
    }
    disruptor.shutdown();
  }

  @Test
  void whatAHandlerThrowsIsReportedAndTheNextEventHandled() throws Exception {
    CountDownLatch second = new CountDownLatch(1);
    Disruptor<Event> disruptor =
        ring(
            4,
            (event, sequence, endOfBatch) -> {
              if (event.value == 7) {
                throw new IllegalStateException("seven");
              }
              second.countDown();
            });
    RingBuffer<Event> ring = disruptor.start();

    publish(ring, 7);
    publish(ring, 8);

    assertThat(second.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(failed.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(failures).containsExactly(new Failure(0, "java.lang.IllegalStateException: seven"));
    disruptor.shutdown();
  }

  @Test
  void aStoppedRingHandlesWhatItHasAndRefusesWhatItHasNoRoomFor() throws Exception {
    Semaphore gate = new Semaphore(0);
    CountDownLatch first = new CountDownLatch(1);
    CountDownLatch both = new CountDownLatch(2);
    CountDownLatch ended = new CountDownLatch(1);
    Disruptor<Event> disruptor =
        ring(
            2,
            (event, sequence, endOfBatch) -> {
              if (sequence == 0) {
                Thread handling = Thread.currentThread();
                Thread.ofVirtual()
                    .start(() -> {
                      try {
                        handling.join();
                        ended.countDown();
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                    });
              }
              first.countDown();
              gate.acquire();
              both.countDown();
            });
    RingBuffer<Event> ring = disruptor.start();
    publish(ring, 0);
    assertThat(first.await(60, TimeUnit.SECONDS)).isTrue();
    publish(ring, 1);

    try (ExecutorService others = Executors.newFixedThreadPool(2)) {
      Future<?> waiting = others.submit(() -> publish(ring, 2));
      var unused = others.submit(disruptor::shutdown);
      assertThatThrownBy(() -> waiting.get(60, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasMessageContaining("the ring is full, and nobody empties it any more");
      gate.release(2);
    }

    assertThat(both.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(ended.await(60, TimeUnit.SECONDS)).isTrue();
  }

  /** What jraft closes next, this ring's handler may still use. */
  @Test
  void whoShutsARingDownGoesOnWhenAllOfItIsHandled() throws Exception {
    Semaphore gate = new Semaphore(0);
    AtomicLong handled = new AtomicLong();
    Disruptor<Event> disruptor =
        ring(
            4,
            (event, sequence, endOfBatch) -> {
              gate.acquire();
              handled.incrementAndGet();
            });
    RingBuffer<Event> ring = disruptor.start();
    publish(ring, 0);
    publish(ring, 1);

    AtomicLong before = new AtomicLong();
    Thread closing =
        Thread.ofPlatform()
            .start(() -> {
              disruptor.shutdown();
              before.set(handled.get());
            });
    while (closing.getState() != Thread.State.WAITING && closing.isAlive()) {
      Thread.onSpinWait();
    }
    gate.release(2);
    assertThat(closing.join(Duration.ofSeconds(60))).isTrue();

    assertThat(before).hasValue(2);
  }

  @Test
  void aRingHasOneHandler() {
    Disruptor<Event> disruptor = ring(2, (event, sequence, endOfBatch) -> {});

    assertThatThrownBy(() -> disruptor.handleEventsWith((event, sequence, endOfBatch) -> {}))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("a ring has one handler");
  }
}
