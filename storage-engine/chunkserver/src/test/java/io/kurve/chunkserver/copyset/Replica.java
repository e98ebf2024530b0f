package io.kurve.chunkserver.copyset;

import io.kurve.chunkserver.store.SlotStore;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.testkit.failure.HaltingFaultHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.random.RandomGenerator;

/** A state machine on a fake store, with the log that the test feeds it. */
final class Replica {
  static final ReplicaId SOURCE = new ReplicaId(new ChunkserverId(1), new StoreId(new UUID(0, 1)));
  static final Membership MEMBERS = Membership.ofVoters(List.of(SOURCE));

  final FakeSlotStore store;
  final HaltingFaultHandler faults = new HaltingFaultHandler();
  final Map<CatchUp.Kind, Long> received = new EnumMap<>(CatchUp.Kind.class);
  final ReplicaPeer peers;
  final List<ByteBuffer> log = new ArrayList<>();
  CopysetStateMachine machine;

  Replica(int slots) {
    this(slots, new LocalPeer());
  }

  Replica(int slots, ReplicaPeer peers) {
    this.store = new FakeSlotStore(slots);
    this.peers = peers;
    this.machine = start();
  }

  CopysetStateMachine start() {
    return new CopysetStateMachine(
        Samples.COPYSET,
        store,
        control -> store.checkpoint(List.of(control), Set.of()),
        faults,
        () -> true,
        peers,
        (kind, bytes) -> received.merge(kind, bytes, Long::sum));
  }

  /** Appends and applies. */
  CommandReply apply(Command command) {
    log.add(CommandCodec.encode(command));
    return applyEntry(log.size());
  }

  CommandReply applyEntry(int index) {
    return machine.apply(new LogPosition(1, index), log.get(index - 1).duplicate());
  }

  void checkpoint() throws IOException {
    machine.capture(MEMBERS).persist();
  }

  /** Loses power, restarts and replays the log from the checkpoint. */
  void crashAndReplay(RandomGenerator random) {
    store.crash(random);
    machine = start();
    replay();
  }

  void replay() {
    for (int index = (int) machine.restored().at().index() + 1; index <= log.size(); index++) {
      applyEntry(index);
    }
  }

  SlotStore.Slot slot(long chunk) {
    return Objects.requireNonNull(machine.slot(new ChunkId(chunk)));
  }

  byte[] read(long chunk, int firstBlock, int count) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(count * 4096);
    BitSet damaged =
        machine.blocks().read(Samples.chunk(chunk), firstBlock, count, target, new int[count]);
    if (!damaged.isEmpty()) {
      throw new IOException("damaged: " + damaged);
    }
    return target.array();
  }
}
