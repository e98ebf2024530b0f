package io.kurve.core.data;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.ReplicaId;
import java.nio.ByteBuffer;
import java.util.Optional;

/** What a chunkserver answers. */
public sealed interface DataReply {
  /** Durable on a majority, now or by an earlier try. */
  record Done() implements DataReply {}

  /**
   * @param data belongs to the receiver, who releases it
   * @param checksums CRC32C of each block, from the store's own table
   */
  record Data(ByteBuffer data, int[] checksums) implements DataReply {}

  /** A compare-and-write found this checksum instead; nothing was written. */
  record Mismatch(int present) implements DataReply {}

  /**
   * @param code {@link ErrorCode#NOT_LEADER}, {@link ErrorCode#OVERLOAD}, {@link
   *     ErrorCode#UNKNOWN_OUTCOME} and {@link ErrorCode#UNAVAILABLE} are to be tried again under
   *     the same id; {@link ErrorCode#FENCED} and {@link ErrorCode#DATA_LOST} are final; {@link
   *     ErrorCode#REFUSED} means the sender's map is old
   * @param leader who leads, if known
   */
  record Failed(ErrorCode code, Optional<ReplicaId> leader, String why) implements DataReply {}
}
