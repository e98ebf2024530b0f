package io.kurve.consensus.wal;

import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.Membership;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Bodies of records: a vote is nothing or one replica, a membership two counted lists of them. */
final class ReplicaIds {
  static final int REPLICA_BYTES = 24;

  private ReplicaIds() {}

  static ByteBuffer ofVote(Optional<ReplicaId> vote) {
    ByteBuffer bytes = ByteBuffer.allocate(vote.isPresent() ? REPLICA_BYTES : 0);
    vote.ifPresent(replica -> put(bytes, replica));
    return bytes.flip();
  }

  static Optional<ReplicaId> toVote(ByteBuffer body) {
    return body.hasRemaining() ? Optional.of(get(body.duplicate())) : Optional.empty();
  }

  static ByteBuffer ofMembership(Membership membership) {
    int replicas = membership.voters().size() + membership.learners().size();
    ByteBuffer bytes = ByteBuffer.allocate(8 + replicas * REPLICA_BYTES);
    bytes.putInt(membership.voters().size()).putInt(membership.learners().size());
    membership.voters().forEach(replica -> put(bytes, replica));
    membership.learners().forEach(replica -> put(bytes, replica));
    return bytes.flip();
  }

  static Membership toMembership(ByteBuffer body) {
    ByteBuffer bytes = body.duplicate();
    int voters = bytes.getInt();
    int learners = bytes.getInt();
    return new Membership(list(bytes, voters), list(bytes, learners));
  }

  private static List<ReplicaId> list(ByteBuffer bytes, int count) {
    List<ReplicaId> replicas = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      replicas.add(get(bytes));
    }
    return replicas;
  }

  private static void put(ByteBuffer bytes, ReplicaId replica) {
    bytes.putLong(replica.chunkserver().value());
    bytes.putLong(replica.store().value().getMostSignificantBits());
    bytes.putLong(replica.store().value().getLeastSignificantBits());
  }

  private static ReplicaId get(ByteBuffer bytes) {
    return new ReplicaId(
        new ChunkserverId(bytes.getLong()),
        new StoreId(new UUID(bytes.getLong(), bytes.getLong())));
  }
}
