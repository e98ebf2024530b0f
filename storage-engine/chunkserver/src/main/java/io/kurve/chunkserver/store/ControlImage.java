package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.metastore.Bytes;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * The control state of all copysets, as one checkpoint writes it into a control area.
 *
 * <pre>
 *   0  header page, written last        4096  payload: the copysets by key
 *      0  magic "KURVECTL"                    0  u32 bytes of this copyset from 4 on
 *      8  u32 format version                  4  u32 flags: 1 = installing
 *     12  u32 copysets                        8  copyset id, generation
 *     16  store UUID                         24  log term, index
 *     32  store generation                   40  u32 voters, learners, slots, state bytes
 *     40  control sequence                   56  voters, then learners, each
 *     48  payload length                             chunkserver id, store UUID
 *     56  u32 CRC32C of the payload              slots, each 48 bytes:
 *   4092  u32 CRC32C of this page                    u32 number, u32 kind (1 = data),
 *                                                    generation, volume, chunk index,
 *                                                    chunk, volume sequence number (0)
 *                                                state: opaque bytes
 * </pre>
 *
 * @param sequence +1 at each checkpoint
 * @param storeGeneration of the start that wrote it
 */
record ControlImage(
    long sequence, long storeGeneration, NavigableMap<CopysetKey, CopysetControl> controls) {
  private static final int FIXED_BYTES = 56;
  private static final int REPLICA_BYTES = 24;
  private static final int SLOT_BYTES = 48;
  private static final int KIND_DATA = 1;

  /** Of the payload. */
  long payloadBytes() {
    long bytes = 0;
    for (CopysetControl control : controls.values()) {
      bytes += encodedBytes(control);
    }
    return bytes;
  }

  private static long encodedBytes(CopysetControl control) {
    Membership membership = control.membership();
    return FIXED_BYTES
        + (long) (membership.voters().size() + membership.learners().size()) * REPLICA_BYTES
        + (long) control.slots().size() * SLOT_BYTES
        + control.state().size();
  }

  static ByteBuffer encode(CopysetControl control) {
    int length = Math.toIntExact(encodedBytes(control));
    ByteBuffer out = ByteBuffer.allocate(length);
    List<ReplicaId> voters = control.membership().voters();
    List<ReplicaId> learners = control.membership().learners();
    out.putInt(length - Integer.BYTES);
    out.putInt(control.installing() ? 1 : 0);
    out.putLong(control.copyset().id().value());
    out.putLong(control.copyset().generation().value());
    out.putLong(control.at().term());
    out.putLong(control.at().index());
    out.putInt(voters.size());
    out.putInt(learners.size());
    out.putInt(control.slots().size());
    out.putInt(control.state().size());
    voters.forEach(replica -> putReplica(out, replica));
    learners.forEach(replica -> putReplica(out, replica));
    for (Slot slot : control.slots()) {
      out.putInt(slot.number());
      out.putInt(KIND_DATA);
      out.putLong(slot.generation());
      out.putLong(slot.address().volume().value());
      out.putLong(slot.address().index());
      out.putLong(slot.address().chunk().value());
      out.putLong(0);
    }
    out.put(control.state().toArray());
    return out.flip();
  }

  /**
   * @throws IllegalArgumentException when the bytes are no such payload
   */
  static NavigableMap<CopysetKey, CopysetControl> decode(ByteBuffer payload, int copysets) {
    NavigableMap<CopysetKey, CopysetControl> controls = new TreeMap<>();
    try {
      for (int n = 0; n < copysets; n++) {
        CopysetControl control = decodeOne(payload);
        controls.put(control.copyset(), control);
      }
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("a copyset's control state is cut off", e);
    }
    if (payload.hasRemaining() || controls.size() != copysets) {
      throw new IllegalArgumentException("the copysets' control states do not add up");
    }
    return controls;
  }

  private static CopysetControl decodeOne(ByteBuffer in) {
    int end = in.getInt() + in.position();
    boolean installing = (in.getInt() & 1) != 0;
    CopysetKey copyset =
        new CopysetKey(new CopysetId(in.getLong()), new CopysetGeneration(in.getLong()));
    LogPosition at = new LogPosition(in.getLong(), in.getLong());
    int voterCount = in.getInt();
    int learnerCount = in.getInt();
    int slotCount = in.getInt();
    int stateBytes = in.getInt();
    long announced =
        in.position()
            + ((long) voterCount + learnerCount) * REPLICA_BYTES
            + (long) slotCount * SLOT_BYTES
            + stateBytes;
    if (announced != end || (voterCount | learnerCount | slotCount | stateBytes) < 0) {
      throw new IllegalArgumentException(copyset + ": its lengths do not add up");
    }
    Membership membership = new Membership(replicas(in, voterCount), replicas(in, learnerCount));
    List<Slot> slots = new ArrayList<>(slotCount);
    for (int n = 0; n < slotCount; n++) {
      slots.add(slot(in, copyset));
    }
    byte[] state = new byte[stateBytes];
    in.get(state);
    return new CopysetControl(
        copyset, at, membership, installing, List.copyOf(slots), Bytes.copyOf(state));
  }

  private static Slot slot(ByteBuffer in, CopysetKey copyset) {
    int number = in.getInt();
    if (in.getInt() != KIND_DATA) {
      throw new IllegalArgumentException("slot " + number + " is of a kind unknown to version 1");
    }
    long generation = in.getLong();
    ChunkAddress address =
        new ChunkAddress(new VolumeId(in.getLong()), in.getLong(), new ChunkId(in.getLong()));
    in.getLong();
    return new Slot(number, generation, address, copyset);
  }

  private static void putReplica(ByteBuffer out, ReplicaId replica) {
    UUID store = replica.store().value();
    out.putLong(replica.chunkserver().value());
    out.putLong(store.getMostSignificantBits());
    out.putLong(store.getLeastSignificantBits());
  }

  private static List<ReplicaId> replicas(ByteBuffer in, int count) {
    List<ReplicaId> replicas = new ArrayList<>(count);
    for (int n = 0; n < count; n++) {
      replicas.add(
          new ReplicaId(
              new ChunkserverId(in.getLong()), new StoreId(new UUID(in.getLong(), in.getLong()))));
    }
    return replicas;
  }
}
