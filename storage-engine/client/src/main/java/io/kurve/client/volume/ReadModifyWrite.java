package io.kurve.client.volume;

import io.kurve.client.volume.ClientMetrics.Retry;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.id.RequestId;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Changes a part of one block: reads it, and writes it back only if its checksum is still the one
 * that was read; else it begins anew. Each read and each write that was surely not applied is
 * followed by one under a new id; a write whose outcome is unknown keeps its id.
 */
final class ReadModifyWrite {
  private final DataCalls calls;
  private final Ids ids;
  private final Change change;
  private final Consumer<DataReply> answer;
  private final BackOff backOff;

  ReadModifyWrite(DataCalls calls, Ids ids, Change change, Consumer<DataReply> answer) {
    this.calls = calls;
    this.ids = ids;
    this.change = change;
    this.answer = answer;
    this.backOff = new BackOff(calls.ports().random(), calls.times());
  }

  /** A new id at each call. */
  interface Ids {
    RequestId forRead();

    RequestId forChange();
  }

  /**
   * @param offset of the block in its chunk
   * @param skip the bytes of the block before those that change
   * @param bytes what comes there
   */
  record Change(DataCalls.Place place, int offset, int skip, ByteBuffer bytes) {}

  void begin() {
    if (calls.session().isFenced()) {
      return;
    }
    calls.call(
        ids.forRead(),
        change.place,
        new DataRequest.Read(change.offset, Geometry.BLOCK_BYTES),
        this::haveRead);
  }

  private void haveRead(DataReply reply) {
    if (!(reply instanceof DataReply.Data data)) {
      answer.accept(reply);
      return;
    }
    ByteBuffer block = ByteBuffer.allocate(Geometry.BLOCK_BYTES);
    block.put(data.data().duplicate());
    block.put(change.skip, change.bytes, change.bytes.position(), change.bytes.remaining());
    block.clear();
    calls.call(
        ids.forChange(),
        change.place,
        new DataRequest.Write(
            change.offset,
            block,
            new int[] {BlockChecksum.of(block)},
            Optional.of(data.checksums()[0])),
        this::haveWritten);
  }

  private void haveWritten(DataReply reply) {
    if (reply instanceof DataReply.Mismatch) {
      calls.ports().metrics().retried(Retry.MISMATCH);
      var unused =
          calls.ports().loop().schedule(backOff.next(), () -> calls.turn().enter(this::begin));
    } else {
      answer.accept(reply);
    }
  }
}
