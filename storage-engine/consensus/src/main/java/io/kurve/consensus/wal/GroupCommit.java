package io.kurve.consensus.wal;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.kurve.consensus.wal.GroupLog.WalFull;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.log.ReplicatedLogs.LogSpace;
import io.prometheus.client.Histogram;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Group commit without a thread: who finds the disk idle writes, for itself and for all who came
 * meanwhile.
 *
 * <pre>
 *   A  idle: leads --write(A)-------> done
 *   B      queued ..................> leads --write(B, C)--> done
 *   C          queued .....................................> done
 * </pre>
 *
 * <p>A caller alone pays no hand-off. Under load each leader leaves when its own records are
 * durable and wakes the first one in the queue to lead. A write that fails halts the process:
 * nobody is answered.
 */
final class GroupCommit {
  private final RingWriter writer;
  private final GroupTable table;
  private final SegmentLayout layout;
  private final WalConfig.Bounds bounds;
  private final String diskName;
  private final FaultHandler faults;
  private final WalMetrics metrics;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition roomInQueue = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<Submission> queue = new ArrayDeque<>();

  @GuardedBy("lock")
  private State state = State.IDLE;

  /** Queued or being written, each counted as a frame of its own. */
  @GuardedBy("lock")
  private long outstandingBytes;

  /** Of all reservations; what is committed in one is counted as outstanding instead. */
  @GuardedBy("lock")
  private long reservedBytes;

  @GuardedBy("lock")
  private End end;

  GroupCommit(
      RingWriter writer,
      GroupTable table,
      WalConfig config,
      String diskName,
      FaultHandler faults,
      WalMetrics metrics) {
    this.writer = writer;
    this.table = table;
    this.layout = SegmentLayout.of(config);
    this.bounds = config.bounds();
    this.diskName = diskName;
    this.faults = faults;
    this.metrics = metrics;
    this.end = currentEnd();
  }

  /** What of the ring a record may use. */
  enum Urgency {
    /** Entries leave the reserve alone. */
    ENTRIES,
    /** Terms, votes and memberships leave one segment. */
    PROMISES,
    /** What frees the ring may fill it. */
    RELEASES
  }

  private enum State {
    IDLE,
    /** Somebody leads. */
    WRITING,
    FAILED,
    CLOSED
  }

  /** The log's end as of the last frame. */
  private record End(long segment, int position, long oldestSegment, int headBytes) {}

  /** What is written in one frame as a whole. */
  private static final class Submission {
    private final List<WalRecord> records;
    private final int recordBytes;
    private final Condition wake;
    private boolean done;

    Submission(List<WalRecord> records, Condition wake) {
      this.records = records;
      this.recordBytes = RingWriter.bytesOf(records);
      this.wake = wake;
    }

    int frameBytes() {
      return FrameHeader.frameBytes(recordBytes);
    }
  }

  /**
   * Durable on return. Records longer together than a frame may be are split between frames.
   *
   * @throws WalFull before anything is written
   */
  void commit(List<WalRecord> records, Urgency urgency) throws WalFull {
    lock.lock();
    try {
      List<Submission> submissions = split(records);
      long needed = submissions.stream().mapToLong(Submission::frameBytes).sum();
      awaitRoomInQueue(needed);
      if (!fits(needed, urgency)) {
        throw new WalFull(fullText());
      }
      write(submissions, needed);
    } finally {
      lock.unlock();
    }
  }

  /** Room for what is written in several commits; close it. One thread at a time uses it. */
  final class Reservation implements AutoCloseable {
    private long bytes;

    /**
     * Sets more room aside, none of it from the reserve.
     *
     * @throws WalFull when there is not all of it; what was reserved before stays
     */
    void grow(long moreBytes) throws WalFull {
      lock.lock();
      try {
        checkAlive();
        if (!fits(moreBytes, Urgency.ENTRIES)) {
          throw new WalFull(fullText());
        }
        bytes += moreBytes;
        reservedBytes += moreBytes;
      } finally {
        lock.unlock();
      }
    }

    /**
     * As {@link GroupCommit#commit}, in this room as far as it goes.
     *
     * @throws WalFull when it does not go far enough and there is no more
     */
    void commit(List<WalRecord> records) throws WalFull {
      lock.lock();
      try {
        List<Submission> submissions = split(records);
        long needed = submissions.stream().mapToLong(Submission::frameBytes).sum();
        awaitRoomInQueue(needed);
        if (needed > bytes) {
          grow(needed - bytes);
        }
        bytes -= needed;
        reservedBytes -= needed;
        write(submissions, needed);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void close() {
      lock.lock();
      try {
        reservedBytes -= bytes;
        bytes = 0;
      } finally {
        lock.unlock();
      }
    }
  }

  /** As {@link #commit} for records that have a reserve. */
  void commitFromReserve(WalRecord record, Urgency urgency) {
    try {
      commit(List.of(record), urgency);
    } catch (WalFull e) {
      throw new KurveException(
          ErrorCode.OVERLOAD,
          e.getMessage() + ", and its reserve is used up",
          "wait for checkpoints; the chunkserver's log names the copysets that keep the oldest part",
          e);
    }
  }

  /** The reserve is not part of it: the space is what entries may use. */
  LogSpace space() {
    lock.lock();
    try {
      long used = (end.segment - end.oldestSegment) * layout.segmentBytes() + end.position;
      long segments = (long) layout.segmentCount() - bounds.reserveSegments();
      return new LogSpace(used, segments * layout.segmentBytes());
    } finally {
      lock.unlock();
    }
  }

  /** The first segment that is still needed. */
  long oldestSegment() {
    lock.lock();
    try {
      return end.oldestSegment;
    } finally {
      lock.unlock();
    }
  }

  /** The segment that is written. */
  long lastSegment() {
    lock.lock();
    try {
      return end.segment;
    } finally {
      lock.unlock();
    }
  }

  /** How many bytes heads may still grow by. */
  int roomInHead() {
    lock.lock();
    try {
      return layout.segmentBytes() / 4 - end.headBytes;
    } finally {
      lock.unlock();
    }
  }

  /** Refuses what comes from now on; waits for what was begun. */
  void close() {
    lock.lock();
    try {
      while (outstandingBytes > 0 && state != State.FAILED) {
        awaitCondition(roomInQueue);
      }
      if (state != State.FAILED) {
        state = State.CLOSED;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Of records. */
  int bytesInFrame() {
    return bounds.maxFrameBytes() - FrameHeader.BYTES;
  }

  private List<Submission> split(List<WalRecord> records) {
    int limit = bytesInFrame();
    List<Submission> submissions = new ArrayList<>(1);
    // One for all of them: the caller waits for the last, but may be called to lead at the first.
    Condition wake = lock.newCondition();
    int from = 0;
    int bytes = 0;
    for (int i = 0; i < records.size(); i++) {
      int next = records.get(i).bytes();
      if (next > limit) {
        throw new KurveException(
            ErrorCode.INVALID_ARGUMENT,
            "a record of " + next + " bytes is too long for the WAL's frames of " + limit,
            "send shorter requests");
      }
      if (bytes + next > limit) {
        submissions.add(new Submission(records.subList(from, i), wake));
        from = i;
        bytes = 0;
      }
      bytes += next;
    }
    submissions.add(new Submission(records.subList(from, records.size()), wake));
    return submissions;
  }

  /** Returns when they are durable. */
  @GuardedBy("lock")
  private void write(List<Submission> submissions, long frameBytes) {
    outstandingBytes += frameBytes;
    queue.addAll(submissions);
    Submission last = submissions.getLast();
    while (!last.done) {
      checkAlive();
      if (state == State.IDLE) {
        lead(last);
      } else {
        awaitTurn(last);
      }
    }
  }

  @GuardedBy("lock")
  private void awaitRoomInQueue(long needed) {
    checkAlive();
    while (outstandingBytes > 0 && outstandingBytes + needed > bounds.maxQueuedBytes()) {
      awaitCondition(roomInQueue);
      checkAlive();
    }
  }

  /** Whether all that waits or is reserved and this fits, however badly it falls onto segments. */
  @GuardedBy("lock")
  private boolean fits(long needed, Urgency urgency) {
    long free = layout.segmentCount() - (end.segment - end.oldestSegment + 1);
    long usable =
        free
            - switch (urgency) {
              case ENTRIES -> bounds.reserveSegments();
              case PROMISES -> 1;
              case RELEASES -> 0;
            };
    long whole = outstandingBytes + reservedBytes + needed;
    if (usable >= 0 && whole <= layout.segmentBytes() - end.position - RingWriter.RELEASE_BYTES) {
      return true;
    }
    long worthOfSegment =
        (long) layout.segmentBytes()
            - RingWriter.RELEASE_BYTES
            - bounds.maxFrameBytes()
            - FrameHeader.frameBytes(end.headBytes);
    return usable > 0 && usable * worthOfSegment >= whole;
  }

  @GuardedBy("lock")
  private String fullText() {
    return "the WAL of "
        + diskName
        + " is full: segments "
        + end.oldestSegment
        + " to "
        + end.segment
        + " of "
        + layout.segmentCount()
        + " are in use";
  }

  /** Writes until the caller's own records are durable, then passes the lead on. */
  @GuardedBy("lock")
  private void lead(Submission mine) {
    state = State.WRITING;
    letOthersCome();
    while (!mine.done) {
      writeOne();
    }
    state = State.IDLE;
    Submission next = queue.peekFirst();
    if (next != null) {
      next.wake.signal();
    }
  }

  /**
   * Who is ready to run may queue before the write begins, and shares it: more records for each
   * write that the disk syncs, and no wait where nobody is.
   */
  @SuppressWarnings("ThreadPriorityCheck")
  @GuardedBy("lock")
  private void letOthersCome() {
    lock.unlock();
    try {
      Thread.yield();
    } finally {
      lock.lock();
    }
  }

  /** Writes one frame with as much of the queue as it takes; without the lock while it writes. */
  @GuardedBy("lock")
  private void writeOne() {
    int first = queue.getFirst().recordBytes;
    List<Submission> batch = new ArrayList<>();
    boolean durable = false;
    lock.unlock();
    try {
      writer.makeRoom(first);
      List<WalRecord> records = takeBatch(batch, writer.room());
      Histogram.Timer timer = metrics.startWrite();
      writer.write(records);
      metrics.wrote(timer, records.size(), RingWriter.bytesOf(records));
      durable = true;
    } catch (IOException e) {
      throw faults.halt("the shared WAL of " + diskName + " can't be written", e);
    } finally {
      lock.lock();
      if (durable) {
        publish(batch);
      } else {
        fail(batch);
      }
    }
  }

  private List<WalRecord> takeBatch(List<Submission> batch, int room) {
    List<WalRecord> records = new ArrayList<>();
    int bytes = 0;
    lock.lock();
    try {
      while (!queue.isEmpty() && bytes + queue.getFirst().recordBytes <= room) {
        Submission next = queue.removeFirst();
        bytes += next.recordBytes;
        records.addAll(next.records);
        batch.add(next);
      }
    } finally {
      lock.unlock();
    }
    return records;
  }

  @GuardedBy("lock")
  private void publish(List<Submission> batch) {
    end = currentEnd();
    for (Submission submission : batch) {
      submission.done = true;
      outstandingBytes -= submission.frameBytes();
      submission.wake.signal();
    }
    roomInQueue.signalAll();
  }

  @GuardedBy("lock")
  private void fail(List<Submission> batch) {
    state = State.FAILED;
    batch.forEach(written -> written.wake.signal());
    queue.forEach(waiting -> waiting.wake.signal());
    roomInQueue.signalAll();
  }

  private End currentEnd() {
    RingWriter.Tail tail = writer.tail();
    return new End(
        tail.segment(),
        tail.position(),
        table.oldestSegment(layout, tail.segment()),
        table.imageBytes());
  }

  /** Until these records are durable, nobody leads, or the WAL failed. */
  @GuardedBy("lock")
  private void awaitTurn(Submission mine) {
    while (!mine.done && state == State.WRITING) {
      awaitCondition(mine.wake);
    }
  }

  /** Deaf to interrupts, because a caller that left would not know what became of its records. */
  @GuardedBy("lock")
  private void awaitCondition(Condition condition) {
    long leftNanos = bounds.stallLimit().toNanos();
    boolean interrupted = false;
    boolean signalled = false;
    while (!signalled) {
      try {
        leftNanos = condition.awaitNanos(leftNanos);
        signalled = true;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (leftNanos <= 0) {
      throw faults.halt(
          diskName + " has not answered a write of the shared WAL for " + bounds.stallLimit(),
          new TimeoutException());
    }
  }

  @GuardedBy("lock")
  private void checkAlive() {
    if (state == State.FAILED) {
      throw faults.halt(
          "the shared WAL of " + diskName + " failed before",
          new IllegalStateException("a write of the WAL did not end well"));
    }
    if (state == State.CLOSED) {
      throw new KurveException(
          ErrorCode.UNAVAILABLE, "the WAL of " + diskName + " is closed", "start the store again");
    }
  }
}
