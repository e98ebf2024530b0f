package io.kurve.chunkserver.store;

import io.kurve.core.data.ChunkAddress;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.Region;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One disk: {@link StoreLayout} says where everything is.
 *
 * <pre>
 *   write, erase, allocate --> data, table, headers in the disk's cache; may be newer on the disk
 *                              than the last checkpoint, torn, or lost: the WAL writes them again
 *   checkpoint             --> 1 is the store still ours?       else halt
 *                              2 sync: all data, table, headers  else halt
 *                              3 control image to the older area else halt
 *                              4 superblock names that image     else halt
 *                              5 slots freed and not in the image are free
 * </pre>
 *
 * <p>A start goes by the newest durable checkpoint: the slots in it are in use, all others free,
 * whatever headers and tables say. What was allocated or freed later is in the WAL, whose replay
 * does it again. Between 4 and 5 no slot of the image before can have been given away, so that each
 * of the two images is right for as long as a start may choose it.
 *
 * <p>The disk belongs to the caller, who closes it after this.
 */
public final class ChunkStore implements SlotStore, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ChunkStore.class);
  private static final int CONTROL_WARNING_PERCENT = 50;

  private final Disk disk;
  private final FaultHandler faults;
  private final Superblocks superblocks;
  private final StoreLayout layout;
  private final ControlAreas areas;
  private final SlotHeaders headers;
  private final ChecksumTable table;
  private final SlotAllocator allocator;
  private final int damagedHeaders;

  /**
   * Guards superblocks, areas and controls' changes; held over the I/O of a control image or of a
   * superblock, which come one at a time, but not over the sync of all data. Data calls, allocate
   * and free never take it.
   */
  private final ReentrantLock checkpointLock = new ReentrantLock();

  /** Volatile for readers that don't hold the lock; never changed in place. */
  private volatile NavigableMap<CopysetKey, CopysetControl> controls;

  private int newestArea;

  /** Set before the fault handler is called, so that nothing is done after a failed sync. */
  private volatile boolean halted;

  private volatile boolean closed;

  /**
   * Takes the store over: the raised generation is durable when this returns.
   *
   * @throws KurveException {@link ErrorCode#BAD_STORE} when it is damaged, truncated or newer;
   *     {@link ErrorCode#REFUSED} when it belongs to another cluster. Nothing has been changed then
   */
  public static ChunkStore open(Disk disk, ClusterId cluster, FaultHandler faults) {
    Superblocks superblocks = Superblocks.load(disk);
    StoreIdentity identity = superblocks.current().identity();
    if (!identity.cluster().equals(cluster)) {
      throw new KurveException(
          ErrorCode.REFUSED,
          disk.name() + " belongs to cluster " + identity.cluster() + ", not to " + cluster,
          "check the path and the cluster's configuration");
    }
    ControlAreas areas = new ControlAreas(disk, superblocks.current().layout(), identity.store());
    ControlAreas.Chosen chosen = areas.choose(superblocks.current().controlSequence());
    checkSlots(disk, superblocks.current().layout(), chosen.image());
    return new ChunkStore(disk, faults, superblocks, areas, chosen);
  }

  private ChunkStore(
      Disk disk,
      FaultHandler faults,
      Superblocks superblocks,
      ControlAreas areas,
      ControlAreas.Chosen chosen) {
    Superblock found = superblocks.current();
    this.disk = disk;
    this.faults = faults;
    this.superblocks = superblocks;
    this.layout = found.layout();
    this.areas = areas;
    headers = new SlotHeaders(disk, layout, found.identity().store());
    table = new ChecksumTable(disk, layout, found.identity().store());
    controls = chosen.image().controls();
    newestArea = chosen.area();
    long generation = found.generation() + 1;
    List<Slot> inUse = slotsOf(controls);
    allocator = new SlotAllocator(layout.slotCount(), generation, inUse);
    try {
      // What was passed over must not come back as newest when it becomes readable again.
      areas.invalidate(olderArea());
      superblocks.write(found.next(found.memory(), generation, chosen.image().sequence(), false));
      damagedHeaders = mendHeaders(inUse);
    } catch (IOException e) {
      throw halt("can't write to " + disk.name() + " at its start", e);
    }
    log.info(
        "{}: store {} opened in generation {}, checkpoint {}, {} copysets, {} of {} slots in use{}",
        disk.name(),
        found.identity().store(),
        generation,
        chosen.image().sequence(),
        controls.size(),
        inUse.size(),
        layout.slotCount(),
        found.closedCleanly() ? "" : ", after an unclean stop");
  }

  private static void checkSlots(Disk disk, StoreLayout layout, ControlImage image) {
    BitSet held = new BitSet();
    for (Slot slot : slotsOf(image.controls())) {
      if (slot.number() < 0 || slot.number() >= layout.slotCount() || held.get(slot.number())) {
        throw new KurveException(
            ErrorCode.BAD_STORE,
            disk.name() + ": checkpoint " + image.sequence() + " holds an impossible " + slot,
            KurveException.GO_ON_WITHOUT_IT);
      }
      held.set(slot.number());
    }
  }

  private static List<Slot> slotsOf(Map<CopysetKey, CopysetControl> controls) {
    List<Slot> slots = new ArrayList<>();
    controls.values().forEach(control -> slots.addAll(control.slots()));
    return slots;
  }

  private int mendHeaders(List<Slot> inUse) throws IOException {
    int damaged = 0;
    for (Slot slot : inUse) {
      Optional<String> problem = headers.problem(slot);
      if (problem.isPresent()) {
        damaged++;
        log.warn(
            "{}: the header of {} is damaged ({}); it is written again from the checkpoint",
            disk.name(),
            slot,
            problem.get());
        headers.write(slot, true);
      }
    }
    return damaged;
  }

  public StoreIdentity identity() {
    return superblocks.current().identity();
  }

  public StoreLayout layout() {
    return layout;
  }

  /** Of this start. */
  public StoreGeneration generation() {
    return new StoreGeneration(superblocks.current().generation());
  }

  public Region walRegion() {
    return layout.wal();
  }

  /** Headers of slots in use that this start found damaged and wrote again. */
  public int damagedHeaders() {
    return damagedHeaders;
  }

  public ClusterMemory memory() {
    return superblocks.current().memory();
  }

  /**
   * Durable on return. A number that is lower than the one remembered changes nothing.
   *
   * @throws KurveException {@link ErrorCode#REFUSED} when the store has another chunkserver id
   */
  public void remember(ClusterMemory seen) {
    checkpointLock.lock();
    try {
      requireAlive();
      Superblock now = superblocks.current();
      long id = now.memory().chunkserverId();
      if (id != 0 && seen.chunkserverId() != 0 && id != seen.chunkserverId()) {
        throw new KurveException(
            ErrorCode.REFUSED,
            "store %s is chunkserver %d, not %d"
                .formatted(now.identity().store(), id, seen.chunkserverId()),
            "a chunkserver id is bound to its store for ever: check which disk this is");
      }
      ClusterMemory raised = now.memory().raisedBy(seen);
      if (!raised.equals(now.memory())) {
        writeSuperblock(now.next(raised, now.generation(), now.controlSequence(), false));
      }
    } finally {
      checkpointLock.unlock();
    }
  }

  @Override
  public Map<CopysetKey, CopysetControl> controls() {
    return Collections.unmodifiableNavigableMap(controls);
  }

  @Override
  public Slot allocate(ChunkAddress address, CopysetKey copyset) throws NoFreeSlot {
    requireAlive();
    SlotAllocator.Taken taken = allocator.take();
    Slot slot = new Slot(taken.number(), taken.generation(), address, copyset);
    try {
      table.reset(slot);
      headers.write(slot, true);
    } catch (IOException e) {
      throw halt("can't write the header and checksums of " + slot + " to " + disk.name(), e);
    }
    return slot;
  }

  @Override
  public void free(Slot slot) {
    checkpointLock.lock();
    try {
      requireAlive();
      allocator.free(slot);
      CopysetControl durable = controls.get(slot.copyset());
      if (durable == null || !durable.slots().contains(slot)) {
        release(List.of(slot));
      }
    } finally {
      checkpointLock.unlock();
    }
  }

  @Override
  public int slotCount() {
    return layout.slotCount();
  }

  @Override
  public int slotsUsed() {
    return allocator.used();
  }

  @Override
  public void write(Slot slot, int firstBlock, ByteBuffer blocks, int[] checksums) {
    int count = blocks.remaining() / Geometry.BLOCK_BYTES;
    if (count * Geometry.BLOCK_BYTES != blocks.remaining() || checksums.length < count) {
      throw new IllegalArgumentException(
          blocks.remaining() + " bytes and " + checksums.length + " checksums are not blocks");
    }
    begin(slot, firstBlock, count);
    try {
      disk.write(layout.blockOffset(slot.number(), firstBlock), blocks);
      table.write(slot, firstBlock, count, checksums);
    } catch (IOException e) {
      throw halt("can't write block " + firstBlock + " of " + slot + " to " + disk.name(), e);
    }
  }

  @Override
  public void erase(Slot slot, int firstBlock, int count) {
    begin(slot, firstBlock, count);
    try {
      table.erase(slot, firstBlock, count);
    } catch (IOException e) {
      throw halt("can't erase block " + firstBlock + " of " + slot + " on " + disk.name(), e);
    }
  }

  @Override
  public BitSet read(Slot slot, int firstBlock, int count, ByteBuffer target, int[] checksums) {
    begin(slot, firstBlock, count);
    byte[] kinds = table.read(slot, firstBlock, count, checksums);
    BlockReader reader = new BlockReader(disk, layout, slot, firstBlock, target);
    return reader.read(kinds, count, checksums);
  }

  @Override
  public BitSet checksums(Slot slot, int firstBlock, int count, int[] checksums) {
    begin(slot, firstBlock, count);
    byte[] kinds = table.read(slot, firstBlock, count, checksums);
    BitSet damaged = new BitSet();
    for (int n = 0; n < count; n++) {
      damaged.set(n, kinds[n] == ChecksumTable.DAMAGED);
    }
    return damaged;
  }

  /** A block whose entry is damaged counts as written: nobody may take it for absent. */
  @Override
  public BitSet written(Slot slot) {
    int count = Geometry.BLOCKS_PER_CHUNK;
    begin(slot, 0, count);
    byte[] kinds = table.read(slot, 0, count, new int[count]);
    BitSet written = new BitSet(count);
    for (int n = 0; n < count; n++) {
      written.set(n, kinds[n] != ChecksumTable.NEVER_WRITTEN);
    }
    return written;
  }

  private void begin(Slot slot, int firstBlock, int count) {
    requireAlive();
    if (firstBlock < 0 || count < 0 || firstBlock + count > Geometry.BLOCKS_PER_CHUNK) {
      throw new IllegalArgumentException(
          "a chunk has no blocks " + firstBlock + " to " + (firstBlock + count - 1));
    }
    allocator.requireLive(slot);
  }

  /**
   * {@inheritDoc}
   *
   * @throws KurveException {@link ErrorCode#NO_SPACE} when the control states do not fit; nothing
   *     has been changed then
   */
  @Override
  public void checkpoint(List<CopysetControl> changed, Set<CopysetKey> removed) {
    syncData();
    checkpointLock.lock();
    try {
      requireAlive();
      requireOwner();
      ControlImage image = nextImage(changed, removed);
      List<Slot> freed = unheld(allocator.pending(), image);
      try {
        areas.write(olderArea(), image);
      } catch (IOException e) {
        throw halt("checkpoint " + image.sequence() + " of " + disk.name() + " failed", e);
      }
      Superblock now = superblocks.current();
      writeSuperblock(now.next(now.memory(), now.generation(), image.sequence(), false));
      newestArea = olderArea();
      controls = image.controls();
      release(freed);
    } finally {
      checkpointLock.unlock();
    }
  }

  /** Without the lock: it may take seconds, and heartbeats remember numbers meanwhile. */
  private void syncData() {
    checkpointLock.lock();
    try {
      requireAlive();
      requireOwner();
    } finally {
      checkpointLock.unlock();
    }
    try {
      disk.sync();
    } catch (IOException e) {
      throw halt("the sync before a checkpoint of " + disk.name() + " failed", e);
    }
  }

  private int olderArea() {
    return 1 - newestArea;
  }

  private ControlImage nextImage(List<CopysetControl> changed, Set<CopysetKey> removed) {
    NavigableMap<CopysetKey, CopysetControl> next = new TreeMap<>(controls);
    removed.forEach(next::remove);
    for (CopysetControl control : changed) {
      for (Slot slot : control.slots()) {
        if (!allocator.isLive(slot) || !slot.copyset().equals(control.copyset())) {
          throw new IllegalArgumentException(control.copyset() + " does not own " + slot);
        }
      }
      next.put(control.copyset(), control);
    }
    Superblock now = superblocks.current();
    ControlImage image = new ControlImage(now.controlSequence() + 1, now.generation(), next);
    long needed = image.payloadBytes();
    long capacity = areas.capacityBytes();
    if (needed > capacity) {
      throw new KurveException(
          ErrorCode.NO_SPACE,
          "the control states of %d copysets need %s and a control area of %s has %s"
              .formatted(next.size(), new ByteSize(needed), disk.name(), new ByteSize(capacity)),
          "delete volumes: the copysets of a disk remember less then");
    }
    if (needed > capacity / 100 * CONTROL_WARNING_PERCENT) {
      log.warn(
          "{}: the control states use {} of {}; deleting volumes makes them smaller",
          disk.name(),
          new ByteSize(needed),
          new ByteSize(capacity));
    }
    return image;
  }

  private List<Slot> unheld(List<Slot> pending, ControlImage image) {
    long[] held = new long[layout.slotCount()];
    for (Slot slot : slotsOf(image.controls())) {
      held[slot.number()] = slot.generation();
    }
    return pending.stream().filter(slot -> held[slot.number()] != slot.generation()).toList();
  }

  private void release(List<Slot> freed) {
    try {
      // Before anybody can take the slot: its next header must not be overwritten by this one.
      for (Slot slot : freed) {
        headers.write(slot, false);
      }
    } catch (IOException e) {
      throw halt("can't write the header of a free slot to " + disk.name(), e);
    }
    allocator.release(freed);
  }

  /** Writes what is left and marks the store as closed; after a fault, only forgets it. */
  @Override
  public void close() {
    checkpointLock.lock();
    try {
      if (closed || halted) {
        return;
      }
      requireOwner();
      try {
        disk.sync();
      } catch (IOException e) {
        throw halt("the last sync of " + disk.name() + " failed", e);
      }
      Superblock now = superblocks.current();
      writeSuperblock(now.next(now.memory(), now.generation(), now.controlSequence(), true));
      closed = true;
    } finally {
      checkpointLock.unlock();
    }
  }

  private void writeSuperblock(Superblock next) {
    requireOwner();
    try {
      superblocks.write(next);
    } catch (IOException e) {
      throw halt("can't write the superblock of " + disk.name(), e);
    }
  }

  private void requireOwner() {
    Optional<String> usurper = superblocks.usurper();
    if (usurper.isPresent()) {
      String what = disk.name() + " was taken over by another process: " + usurper.get();
      throw halt(what, new IllegalStateException(what));
    }
  }

  private void requireAlive() {
    if (halted || closed) {
      throw new IllegalStateException(
          "the store on " + disk.name() + (halted ? " had a fault" : " is closed"));
    }
  }

  private Error halt(String what, Throwable cause) {
    halted = true;
    return faults.halt(what, cause);
  }
}
