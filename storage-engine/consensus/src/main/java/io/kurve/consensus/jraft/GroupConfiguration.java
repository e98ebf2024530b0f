package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.conf.Configuration;
import com.alipay.sofa.jraft.conf.ConfigurationEntry;
import com.alipay.sofa.jraft.entity.EnumOutter.EntryType;
import com.alipay.sofa.jraft.entity.LogEntry;
import com.alipay.sofa.jraft.entity.LogId;
import com.alipay.sofa.jraft.entity.PeerId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.Membership;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A configuration entry of the log; during a joint change it has the old members, too.
 *
 * <p>Payload of a {@code CONFIGURATION} record in the WAL, big-endian; the WAL's record carries
 * length and checksum:
 *
 * <pre>
 *  u8 version = 1 | list voters | list old voters | list learners | list old learners
 *  list:   u16 count | count x member
 *  member: i64 chunkserver | i64 store UUID, high half | i64 low half
 * </pre>
 */
record GroupConfiguration(
    List<ReplicaId> voters,
    List<ReplicaId> oldVoters,
    List<ReplicaId> learners,
    List<ReplicaId> oldLearners) {
  private static final byte VERSION = 1;
  private static final int MEMBER_BYTES = 3 * Long.BYTES;

  static GroupConfiguration of(LogEntry entry) {
    return new GroupConfiguration(
        members(entry.getPeers()),
        members(entry.getOldPeers()),
        members(entry.getLearners()),
        members(entry.getOldLearners()));
  }

  private static List<ReplicaId> members(@Nullable List<PeerId> peers) {
    return peers == null ? List.of() : PeerNames.replicas(peers);
  }

  Membership membership() {
    return new Membership(voters, learners);
  }

  ByteBuffer encode() {
    List<List<ReplicaId>> lists = List.of(voters, oldVoters, learners, oldLearners);
    int bytes = Byte.BYTES;
    for (List<ReplicaId> list : lists) {
      bytes += Short.BYTES + list.size() * MEMBER_BYTES;
    }
    ByteBuffer buffer = ByteBuffer.allocate(bytes).put(VERSION);
    for (List<ReplicaId> list : lists) {
      buffer.putShort((short) list.size());
      for (ReplicaId member : list) {
        UUID store = member.store().value();
        buffer
            .putLong(member.chunkserver().value())
            .putLong(store.getMostSignificantBits())
            .putLong(store.getLeastSignificantBits());
      }
    }
    return buffer.flip();
  }

  /**
   * @throws IllegalArgumentException when the bytes are none, or of a newer version
   */
  static GroupConfiguration decode(ByteBuffer payload) {
    ByteBuffer buffer = payload.slice();
    if (buffer.remaining() < 1 || buffer.get() != VERSION) {
      throw new IllegalArgumentException(
          "a membership entry of the log has another format than version " + VERSION);
    }
    GroupConfiguration decoded =
        new GroupConfiguration(list(buffer), list(buffer), list(buffer), list(buffer));
    if (buffer.hasRemaining()) {
      throw new IllegalArgumentException("a membership entry of the log is too long");
    }
    return decoded;
  }

  private static List<ReplicaId> list(ByteBuffer buffer) {
    int count = buffer.remaining() < Short.BYTES ? -1 : Short.toUnsignedInt(buffer.getShort());
    if (count < 0 || count * MEMBER_BYTES > buffer.remaining()) {
      throw new IllegalArgumentException("a membership entry of the log is cut short");
    }
    List<ReplicaId> list = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      list.add(
          new ReplicaId(
              new ChunkserverId(buffer.getLong()),
              new StoreId(new UUID(buffer.getLong(), buffer.getLong()))));
    }
    return list;
  }

  LogEntry toEntry(LogId id) {
    LogEntry entry = new LogEntry(EntryType.ENTRY_TYPE_CONFIGURATION);
    entry.setId(id);
    entry.setPeers(PeerNames.peers(voters));
    entry.setLearners(PeerNames.peers(learners));
    // An empty list of old peers would read as a joint change from nobody.
    if (!oldVoters.isEmpty()) {
      entry.setOldPeers(PeerNames.peers(oldVoters));
      entry.setOldLearners(PeerNames.peers(oldLearners));
    }
    return entry;
  }

  ConfigurationEntry toConfigurationEntry(LogId id) {
    return new ConfigurationEntry(
        id, configuration(voters, learners), configuration(oldVoters, oldLearners));
  }

  private static Configuration configuration(List<ReplicaId> voters, List<ReplicaId> learners) {
    return PeerNames.configuration(new Membership(voters, learners));
  }
}
