package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.Command.BlockChange;
import io.kurve.core.data.DataReply;
import java.util.Optional;
import java.util.function.Consumer;

/** A change of blocks on its way through the leader. One object for each arrival. */
final class PendingChange {
  private final BlockChange change;
  private final Optional<Integer> expected;
  private final Consumer<DataReply> answer;
  private final Arrival arrival;
  private final boolean creates;
  private volatile long proposedNanos;

  /**
   * @param expected the checksum that the block must have
   * @param creates whether a slot was promised for its chunk
   * @param answer told exactly once
   */
  PendingChange(
      BlockChange change,
      Optional<Integer> expected,
      boolean creates,
      Consumer<DataReply> answer,
      Arrival arrival) {
    this.change = change;
    this.expected = expected;
    this.creates = creates;
    this.answer = answer;
    this.arrival = arrival;
    this.proposedNanos = arrival.atNanos();
  }

  BlockChange change() {
    return change;
  }

  boolean creates() {
    return creates;
  }

  boolean comparesFirst() {
    return expected.isPresent();
  }

  boolean expects(int checksum) {
    return expected.isPresent() && expected.get() == checksum;
  }

  /** Both are of one chunk. */
  boolean overlaps(PendingChange other) {
    return change.firstBlock() < other.change.firstBlock() + other.change.blockCount()
        && other.change.firstBlock() < change.firstBlock() + change.blockCount();
  }

  void proposed(long nowNanos) {
    proposedNanos = nowNanos;
  }

  long arrivedNanos() {
    return arrival.atNanos();
  }

  Arrival arrival() {
    return arrival;
  }

  long proposedNanos() {
    return proposedNanos;
  }

  void answer(DataReply reply) {
    answer.accept(reply);
  }
}
