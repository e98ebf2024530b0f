package io.kurve.consensus.jraft;

import io.kurve.consensus.RaftTransport;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Connections between replicas in one process, with faults. Each directed pair has one thread, so
 * messages keep their order; a cut loses all that is on its way, like a broken connection.
 */
final class LoopbackNetwork implements AutoCloseable {
  /** What the names of threads that bring messages begin with. */
  static final String THREADS = "link-";

  private final Map<ReplicaId, Endpoint> endpoints = new ConcurrentHashMap<>();
  private final Map<Pair, Link> links = new ConcurrentHashMap<>();
  private final Set<Pair> cuts = ConcurrentHashMap.newKeySet();
  private final AtomicInteger mostUnanswered = new AtomicInteger();
  private volatile Duration delay = Duration.ZERO;

  /** A new process; the one before it, if any, is no longer heard. */
  RaftTransport attach(ReplicaId replica) {
    detach(replica);
    Endpoint endpoint = new Endpoint(replica);
    endpoints.put(replica, endpoint);
    return endpoint;
  }

  void detach(ReplicaId replica) {
    Endpoint gone = endpoints.remove(replica);
    if (gone != null) {
      gone.attached = false;
    }
    links.values().stream().filter(link -> link.touches(replica)).forEach(Link::drop);
  }

  void cut(ReplicaId one, ReplicaId other) {
    cuts.add(new Pair(one, other));
    cuts.add(new Pair(other, one));
    links.values().stream()
        .filter(link -> link.touches(one) && link.touches(other))
        .forEach(Link::drop);
  }

  void join(ReplicaId one, ReplicaId other) {
    cuts.remove(new Pair(one, other));
    cuts.remove(new Pair(other, one));
  }

  /** Each message, either way, takes this long. */
  void delay(Duration each) {
    delay = each;
  }

  /** The most requests of one replica to another that had no answer yet. */
  int mostUnanswered() {
    return mostUnanswered.get();
  }

  @Override
  public void close() {
    List.copyOf(endpoints.keySet()).forEach(this::detach);
    links.values().forEach(link -> link.thread.shutdownNow());
  }

  private Link link(ReplicaId from, ReplicaId to) {
    return links.computeIfAbsent(new Pair(from, to), Link::new);
  }

  private boolean passes(ReplicaId from, ReplicaId to) {
    return endpoints.containsKey(to) && !cuts.contains(new Pair(from, to));
  }

  private record Pair(ReplicaId from, ReplicaId to) {}

  private final class Endpoint implements RaftTransport {
    private final ReplicaId self;
    private volatile boolean attached = true;
    private volatile @Nullable Receiver receiver;

    Endpoint(ReplicaId self) {
      this.self = self;
    }

    @Override
    public void send(
        ReplicaId target,
        CopysetKey copyset,
        int kind,
        List<ByteBuffer> request,
        Duration deadline,
        Answer answer) {
      Pending pending = new Pending(answer);
      Link there = link(self, target);
      there.pending.add(pending);
      mostUnanswered.accumulateAndGet(there.pending.size(), Math::max);
      Runnable failure = () -> there.fail(pending, "no connection to " + target);
      if (!attached || !passes(self, target)) {
        there.after(Duration.ZERO, failure);
        return;
      }
      there.after(deadline, () -> there.fail(pending, "no answer within " + deadline));
      there.after(
          delay,
          () -> {
            Endpoint other = endpoints.get(target);
            Receiver to = other == null ? null : other.receiver;
            if (other == null
                || to == null
                || pending.done()
                || !attached
                || !passes(self, target)) {
              failure.run();
              return;
            }
            to.received(
                self,
                copyset,
                kind,
                joined(request),
                reply -> answer(other, there, pending, reply));
          });
    }

    private void answer(Endpoint other, Link there, Pending pending, ByteBuffer reply) {
      Link back = link(other.self, self);
      back.after(
          delay,
          () -> {
            if (attached && other.attached && passes(other.self, self)) {
              there.pending.remove(pending);
              pending.reply(reply);
            }
          });
    }

    @Override
    public boolean connected(ReplicaId target) {
      return attached && passes(self, target);
    }

    @Override
    public void receiver(Receiver first) {
      receiver = first;
    }
  }

  static ByteBuffer joined(List<ByteBuffer> parts) {
    ByteBuffer whole = ByteBuffer.allocate(parts.stream().mapToInt(ByteBuffer::remaining).sum());
    parts.forEach(part -> whole.put(part.duplicate()));
    return whole.flip();
  }

  private static final class Link {
    private final Pair pair;
    private final ScheduledExecutorService thread;
    private final Set<Pending> pending = ConcurrentHashMap.newKeySet();

    Link(Pair pair) {
      this.pair = pair;
      this.thread =
          Executors.newSingleThreadScheduledExecutor(
              Thread.ofPlatform()
                  .daemon()
                  .name(THREADS + pair.from.chunkserver() + "-" + pair.to.chunkserver())
                  .factory());
    }

    boolean touches(ReplicaId replica) {
      return pair.from.equals(replica) || pair.to.equals(replica);
    }

    void after(Duration time, Runnable task) {
      if (!thread.isShutdown()) {
        var unused = thread.schedule(task, time.toNanos(), TimeUnit.NANOSECONDS);
      }
    }

    void fail(Pending call, String why) {
      pending.remove(call);
      call.failed(why);
    }

    void drop() {
      for (Pending call : List.copyOf(pending)) {
        after(Duration.ZERO, () -> fail(call, "the connection broke"));
      }
    }
  }

  private static final class Pending {
    private final RaftTransport.Answer answer;
    private final AtomicBoolean told = new AtomicBoolean();

    Pending(RaftTransport.Answer answer) {
      this.answer = answer;
    }

    boolean done() {
      return told.get();
    }

    void reply(ByteBuffer reply) {
      if (told.compareAndSet(false, true)) {
        answer.reply(reply);
      }
    }

    void failed(String why) {
      if (told.compareAndSet(false, true)) {
        answer.failed(why);
      }
    }
  }
}
