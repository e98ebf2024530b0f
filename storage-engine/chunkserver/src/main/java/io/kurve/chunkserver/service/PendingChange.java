package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.Command.BlockChange;
import io.kurve.core.data.DataReply;
import java.util.Optional;
import java.util.function.Consumer;

/** A change of blocks on its way through the leader. One object for each arrival. */
final class PendingChange {
  /**
   * As it arrived.
   *
   * @param expected the checksum that the block must have
   * @param answer told exactly once
   */
  record Asked(
      BlockChange change,
      Optional<Integer> expected,
      Arrival arrival,
      Consumer<DataReply> answer) {}

  private final Asked asked;
  private final boolean creates;
  private volatile long proposedNanos;

  /**
   * @param creates whether a slot was promised for its chunk
   */
  PendingChange(Asked asked, boolean creates) {
    this.asked = asked;
    this.creates = creates;
    this.proposedNanos = asked.arrival().atNanos();
  }

  BlockChange change() {
    return asked.change();
  }

  boolean creates() {
    return creates;
  }

  boolean comparesFirst() {
    return asked.expected().isPresent();
  }

  boolean expects(int checksum) {
    return asked.expected().isPresent() && asked.expected().get() == checksum;
  }

  /** Both are of one chunk. */
  boolean overlaps(PendingChange other) {
    BlockChange mine = change();
    BlockChange theirs = other.change();
    return mine.firstBlock() < theirs.firstBlock() + theirs.blockCount()
        && theirs.firstBlock() < mine.firstBlock() + mine.blockCount();
  }

  void proposed(long nowNanos) {
    proposedNanos = nowNanos;
  }

  long arrivedNanos() {
    return asked.arrival().atNanos();
  }

  Arrival arrival() {
    return asked.arrival();
  }

  long proposedNanos() {
    return proposedNanos;
  }

  void answer(DataReply reply) {
    asked.answer().accept(reply);
  }
}
