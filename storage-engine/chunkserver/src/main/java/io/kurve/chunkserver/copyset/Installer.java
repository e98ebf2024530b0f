package io.kurve.chunkserver.copyset;

import io.kurve.chunkserver.copyset.ReplicaPeer.BlockDigests;
import io.kurve.chunkserver.copyset.ReplicaPeer.BlockTable;
import io.kurve.chunkserver.copyset.ReplicaPeer.Blocks;
import io.kurve.chunkserver.copyset.ReplicaPeer.Manifest;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.NoFreeSlot;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.ReplicaMessages;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Lock;

/**
 * Makes this replica's blocks those of another one, fetching only what differs.
 *
 * <pre>
 *   durable mark "installing"          (by the state machine, before the first block)
 *   manifest of the source             control state exactly at S, list of chunks
 *   slots for the chunks that lack one, durable with the mark: a restart finds what came so far
 *   per chunk  entries of the tables differ ──> those blocks are fetched or erased
 *              equal                        ──> read from disk here and at the source: blocks
 *                                               whose 128-bit digests differ are fetched, too
 *   durable control state at S, mark off                    (by the state machine)
 * </pre>
 *
 * <p>The source goes on applying meanwhile, so blocks may be newer than S, or a chunk gone: the
 * entries after S, which are applied next, write the same again.
 *
 * <p>Reading all kept blocks can take longer than the source can keep its log under a load of
 * writes, and then the next install follows at once. It must not take as long again, or the replica
 * would never get whole: what was read and compared once is not read again before an entry is
 * applied, as long as the tables agree on it.
 */
final class Installer {
  private static final int RUN_BLOCKS = ReplicaMessages.MAX_BLOCKS;

  private final CopysetKey copyset;
  private final SlotStore store;
  private final ChunkGuards guards;
  private final ReplicaPeer peers;
  private final CatchUp catchUp;
  private volatile boolean stopped;

  /**
   * Blocks found good, or put there. One thread at a time uses it: applying excludes installing.
   */
  private final Map<Slot, BitSet> sound = new HashMap<>();

  Installer(
      CopysetKey copyset, SlotStore store, ChunkGuards guards, ReplicaPeer peers, CatchUp catchUp) {
    this.copyset = copyset;
    this.store = store;
    this.guards = guards;
    this.peers = peers;
    this.catchUp = catchUp;
  }

  /**
   * @param control what is true once it is durable
   * @param dropped slots that it does not name any more
   */
  record Result(CopysetControl control, List<Slot> dropped) {}

  @FunctionalInterface
  interface Mark {
    void persist(List<Slot> slots) throws IOException;
  }

  /**
   * @param own the chunks that are here
   * @param kind what the blocks fetched count as
   */
  Result run(ReplicaId source, LogPosition wanted, List<Slot> own, CatchUp.Kind kind, Mark mark)
      throws IOException, InterruptedException {
    Manifest manifest = peers.manifest(source, copyset);
    if (manifest.at().index() < wanted.index()) {
      throw new IOException(
          copyset
              + ": "
              + source
              + " has a checkpoint at "
              + manifest.at().index()
              + " only, wanted is "
              + wanted.index());
    }
    List<Slot> dropped = new ArrayList<>();
    Map<ChunkAddress, Slot> target = slotsFor(manifest.chunks(), own, dropped, mark);
    CopysetControl control =
        new CopysetControl(
            copyset,
            manifest.at(),
            manifest.membership(),
            false,
            List.copyOf(target.values()),
            manifest.state());
    requireWhole(source, control);
    for (Slot slot : target.values()) {
      new OneChunk(source, kind, slot).bringUp();
    }
    return new Result(control, dropped);
  }

  /** The replica has caught up: the next install is for another absence. */
  void caughtUp() {
    sound.clear();
  }

  /** Soon no more blocks are written. */
  void stop() {
    stopped = true;
  }

  private void requireRunning() throws IOException {
    if (stopped) {
      throw new IOException(copyset + " is removed from here: its install ends");
    }
  }

  /** A defect of the source's is no reason for this replica's process to end. */
  private static void requireWhole(ReplicaId source, CopysetControl control) throws IOException {
    try {
      ControlImages.checkedControl(control);
    } catch (KurveException e) {
      throw new IOException("the checkpoint of " + source + " does not hold together", e);
    }
  }

  private static Slot slotOf(Map<ChunkAddress, Slot> slots, ChunkAddress address) {
    Slot slot = slots.get(address);
    if (slot == null) {
      throw new IllegalStateException(address + " has no slot");
    }
    return slot;
  }

  private Map<ChunkAddress, Slot> slotsFor(
      List<ChunkAddress> chunks, List<Slot> own, List<Slot> dropped, Mark mark) throws IOException {
    Map<ChunkAddress, Slot> have = new LinkedHashMap<>();
    own.forEach(slot -> have.put(slot.address(), slot));
    List<Slot> fresh = allocate(chunks.stream().filter(chunk -> !have.containsKey(chunk)).toList());
    fresh.forEach(slot -> have.put(slot.address(), slot));
    Map<ChunkAddress, Slot> target = new LinkedHashMap<>();
    for (ChunkAddress chunk : chunks) {
      target.put(chunk, slotOf(have, chunk));
      have.remove(chunk);
    }
    dropped.addAll(have.values());
    if (!fresh.isEmpty()) {
      List<Slot> all = new ArrayList<>(target.values());
      all.addAll(dropped);
      persist(mark, all, fresh);
    }
    return target;
  }

  /** Slots that no control state names are not used: another try takes its own. */
  private void persist(Mark mark, List<Slot> all, List<Slot> fresh) throws IOException {
    try {
      mark.persist(all);
    } catch (IOException | KurveException e) {
      // Not after a fault of the disk, which ends the process: nothing may be written then.
      fresh.forEach(store::free);
      throw e;
    }
  }

  private List<Slot> allocate(List<ChunkAddress> chunks) throws IOException {
    List<Slot> fresh = new ArrayList<>();
    for (ChunkAddress chunk : chunks) {
      try {
        fresh.add(store.allocate(chunk, copyset));
      } catch (NoFreeSlot e) {
        fresh.forEach(store::free);
        throw new IOException(copyset + ": no room to install " + chunk, e);
      }
    }
    return fresh;
  }

  /** Brings one chunk to the source's state. */
  private final class OneChunk {
    private final ReplicaId source;
    private final CatchUp.Kind kind;
    private final Slot slot;
    private final BitSet sound;

    OneChunk(ReplicaId source, CatchUp.Kind kind, Slot slot) {
      this.source = source;
      this.kind = kind;
      this.slot = slot;
      this.sound = Installer.this.sound.computeIfAbsent(slot, absent -> new BitSet());
    }

    void bringUp() throws IOException, InterruptedException {
      requireRunning();
      Optional<BlockTable> theirs = peers.table(source, copyset, slot.address().chunk());
      if (theirs.isEmpty()) {
        return;
      }
      if (!theirs.get().address().equals(slot.address())) {
        throw new IOException(
            source + " has " + theirs.get().address() + " where its list says " + slot.address());
      }
      BitSet differing = differingEntries(theirs.get());
      BitSet kept = store.written(slot);
      kept.andNot(differing);
      kept.andNot(sound);
      // Of few blocks the digests one by one are less than the table was.
      boolean allTheSame =
          differing.isEmpty() && kept.cardinality() > RUN_BLOCKS && hasTheSourcesContent();
      if (allTheSame) {
        sound.or(kept);
      } else {
        differing.or(differingBytes(kept));
        fetch(differing);
      }
    }

    private BitSet differingEntries(BlockTable theirs) {
      int[] checksums = new int[Geometry.BLOCKS_PER_CHUNK];
      BitSet differing = store.checksums(slot, 0, Geometry.BLOCKS_PER_CHUNK, checksums);
      BitSet kept = store.written(slot);
      for (int block = 0; block < Geometry.BLOCKS_PER_CHUNK; block++) {
        if (kept.get(block) != theirs.written().get(block)
            || (kept.get(block) && checksums[block] != theirs.checksums()[block])) {
          differing.set(block);
        }
      }
      return differing;
    }

    private boolean hasTheSourcesContent() throws IOException, InterruptedException {
      Optional<Digest128> theirs = peers.contentDigest(source, copyset, slot.address().chunk());
      return theirs.isPresent()
          && theirs.equals(
              BlockBytes.ofChunk((first, count, target) ->
                  store.read(slot, first, count, target, new int[count]).isEmpty()));
    }

    /** Those that can't be read here, and those with other bytes under the same checksum. */
    private BitSet differingBytes(BitSet kept) throws IOException, InterruptedException {
      BitSet differing = new BitSet();
      for (int[] numbers : batches(kept)) {
        Optional<BlockDigests> theirs =
            peers.blockDigests(source, copyset, slot.address().chunk(), numbers);
        if (theirs.isEmpty()) {
          return differing;
        }
        if (theirs.get().digests().size() != numbers.length) {
          throw new IOException(source + " sent other digests than asked for of " + slot.address());
        }
        BlockBytes own = BlockBytes.read(store, slot, numbers);
        List<Digest128> digests = own.digests();
        for (int i = 0; i < numbers.length; i++) {
          // What the source can't read must match its table, as a copy that repairs it must.
          boolean same =
              theirs.get().unreadable().get(i)
                  || digests.get(i).equals(theirs.get().digests().get(i));
          boolean good = same && !own.unreadable().get(i);
          differing.set(numbers[i], !good);
          sound.set(numbers[i], good);
        }
      }
      return differing;
    }

    private static List<int[]> batches(BitSet blocks) {
      int[] all = blocks.stream().toArray();
      List<int[]> batches = new ArrayList<>();
      for (int from = 0; from < all.length; from += RUN_BLOCKS) {
        batches.add(Arrays.copyOfRange(all, from, Math.min(from + RUN_BLOCKS, all.length)));
      }
      return batches;
    }

    private void fetch(BitSet wanted) throws IOException, InterruptedException {
      for (int[] numbers : batches(wanted)) {
        Optional<Blocks> fetched = peers.blocks(source, copyset, slot.address().chunk(), numbers);
        if (fetched.isEmpty()) {
          return;
        }
        put(numbers, fetched.get());
        catchUp.received(kind, fetched.get().written().cardinality() * (long) Geometry.BLOCK_BYTES);
      }
    }

    private void put(int[] numbers, Blocks fetched) throws IOException {
      ByteBuffer data = fetched.data();
      if (data.remaining() != numbers.length * Geometry.BLOCK_BYTES
          || fetched.checksums().length != numbers.length) {
        throw new IOException(source + " sent other blocks than asked for of " + slot.address());
      }
      requireRunning();
      Lock guard = guards.changing(slot.address().chunk());
      guard.lock();
      try {
        for (int i = 0; i < numbers.length; i++) {
          ByteBuffer block =
              data.slice(data.position() + i * Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
          if (!fetched.written().get(i)) {
            store.erase(slot, numbers[i], 1);
          } else if (BlockChecksum.of(block) == fetched.checksums()[i]) {
            store.write(slot, numbers[i], block, new int[] {fetched.checksums()[i]});
            sound.set(numbers[i]);
          } else {
            throw new IOException(
                "block " + numbers[i] + " of " + slot.address() + " came damaged from " + source);
          }
        }
      } finally {
        guard.unlock();
      }
    }
  }
}
