package io.kurve.chunkserver.copyset;

import io.kurve.chunkserver.copyset.ReplicaPeer.BlockDigests;
import io.kurve.chunkserver.copyset.ReplicaPeer.BlockTable;
import io.kurve.chunkserver.copyset.ReplicaPeer.Blocks;
import io.kurve.chunkserver.copyset.ReplicaPeer.Manifest;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.id.ChunkId;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * A replica's blocks as readers, repairs and other replicas see them. Safe for several threads;
 * every method fails while the replica is being installed.
 */
public final class ChunkBlocks {
  private final CopysetStateMachine replica;
  private final SlotStore store;
  private final ChunkGuards guards;

  ChunkBlocks(CopysetStateMachine replica, SlotStore store, ChunkGuards guards) {
    this.replica = replica;
    this.store = store;
    this.guards = guards;
  }

  /**
   * Reads and verifies; a chunk that does not exist reads as zeros.
   *
   * @return the damaged blocks, by position in this read
   */
  public BitSet read(
      ChunkAddress address, int firstBlock, int count, ByteBuffer target, int[] checksums)
      throws IOException {
    return guarded(
        guards.reading(address.chunk()),
        address.chunk(),
        slot -> {
          if (slot == null) {
            while (target.hasRemaining()) {
              target.putLong(0);
            }
            Arrays.fill(checksums, BlockChecksum.ZERO_BLOCK);
            return new BitSet();
          }
          return store.read(slot, firstBlock, count, target, checksums);
        });
  }

  /** The checksum that the own table holds for a block; empty when that entry is damaged. */
  public OptionalInt checksum(ChunkAddress address, int block) throws IOException {
    return guarded(
        guards.reading(address.chunk()),
        address.chunk(),
        slot -> {
          int[] checksum = {BlockChecksum.ZERO_BLOCK};
          boolean good = slot == null || store.checksums(slot, block, 1, checksum).isEmpty();
          return good ? OptionalInt.of(checksum[0]) : OptionalInt.empty();
        });
  }

  /**
   * Puts a peer's copy in the place of a damaged block whose checksum the own table still holds.
   *
   * @return false when the block has changed since and the copy is not it
   */
  public boolean repair(ChunkAddress address, int block, ByteBuffer copy) throws IOException {
    int actual = BlockChecksum.of(copy);
    return guarded(
        guards.changing(address.chunk()),
        address.chunk(),
        slot -> {
          int[] checksum = new int[1];
          if (slot == null
              || !store.checksums(slot, block, 1, checksum).isEmpty()
              || checksum[0] != actual) {
            return false;
          }
          store.write(slot, block, copy.duplicate(), new int[] {actual});
          return true;
        });
  }

  /**
   * Puts what two peers agree on, at one applied index, in the place of a block whose own table
   * entry is damaged.
   *
   * @param written false: the block was never written
   * @return false when this replica is not at that index
   */
  public boolean replace(
      ChunkAddress address, int block, ByteBuffer copy, boolean written, long agreedIndex)
      throws IOException {
    Lock noEntryMeanwhile = replica.applyLock();
    noEntryMeanwhile.lock();
    try {
      if (replica.applied().index() != agreedIndex) {
        return false;
      }
      return guarded(
          guards.changing(address.chunk()),
          address.chunk(),
          slot -> {
            if (slot == null) {
              return false;
            }
            if (written) {
              store.write(slot, block, copy.duplicate(), new int[] {BlockChecksum.of(copy)});
            } else {
              store.erase(slot, block, 1);
            }
            return true;
          });
    } finally {
      noEntryMeanwhile.unlock();
    }
  }

  /** For another replica's install: the newest durable checkpoint. */
  public Manifest manifest() throws IOException {
    CopysetControl control = replica.persistedControl();
    if (control.installing() || replica.isInstalling()) {
      throw new IOException(replica.copyset() + " is being installed here: no source");
    }
    return new Manifest(
        control.at(),
        control.membership(),
        control.state(),
        ControlImages.addresses(control.slots()));
  }

  /** Empty when there is no such chunk. */
  public Optional<BlockTable> table(ChunkId chunk) throws IOException {
    return guarded(
        guards.reading(chunk),
        chunk,
        slot -> {
          if (slot == null) {
            return Optional.empty();
          }
          OptionalInt damaged = BlockTables.firstDamaged(store, slot);
          if (damaged.isPresent()) {
            throw new DamagedBlockException(
                "the block table of " + chunk + " is damaged here",
                slot.address(),
                damaged.getAsInt());
          }
          return BlockTables.of(store, slot);
        });
  }

  /**
   * Verified; empty when there is no such chunk.
   *
   * @param numbers of the blocks, rising
   */
  public Optional<Blocks> blocks(ChunkId chunk, int[] numbers) throws IOException {
    return guarded(
        guards.reading(chunk),
        chunk,
        slot -> {
          if (slot == null) {
            return Optional.empty();
          }
          ByteBuffer data = ByteBuffer.allocate(numbers.length * Geometry.BLOCK_BYTES);
          int[] checksums = new int[numbers.length];
          BitSet all = store.written(slot);
          BitSet written = new BitSet();
          for (int i = 0; i < numbers.length; i++) {
            int[] checksum = new int[1];
            ByteBuffer block = data.slice(i * Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
            if (!store.read(slot, numbers[i], 1, block, checksum).isEmpty()) {
              throw new DamagedBlockException(
                  "block " + numbers[i] + " of " + chunk + " is damaged here",
                  slot.address(),
                  numbers[i]);
            }
            checksums[i] = checksum[0];
            written.set(i, all.get(numbers[i]));
          }
          return Optional.of(new Blocks(data, checksums, written));
        });
  }

  /** Up to which entry this replica has applied; what is read afterwards is that new at least. */
  public long appliedIndex() {
    return replica.applied().index();
  }

  /**
   * Reads for a peer that repairs a block of its own; empty when there is no such chunk.
   *
   * @param damaged the blocks that are damaged here too, by position
   */
  public record RepairRead(ByteBuffer data, int[] checksums, BitSet damaged, long appliedIndex) {}

  public Optional<RepairRead> readForRepair(ChunkId chunk, int firstBlock, int count)
      throws IOException {
    return guarded(
        guards.reading(chunk),
        chunk,
        slot -> {
          if (slot == null) {
            return Optional.empty();
          }
          long applied = appliedIndex();
          ByteBuffer data = ByteBuffer.allocate(count * Geometry.BLOCK_BYTES);
          int[] checksums = new int[count];
          BitSet damaged = store.read(slot, firstBlock, count, data, checksums);
          return Optional.of(new RepairRead(data.clear(), checksums, damaged, applied));
        });
  }

  /**
   * Of the chunk's bytes as they are on the disk; empty when there is no such chunk or a block of
   * it can't be read. The guard is held for a run of blocks at a time, so that entries are applied
   * meanwhile: each block is as it was at some moment since the call.
   */
  public Optional<Digest128> contentDigest(ChunkId chunk) throws IOException {
    return BlockBytes.ofChunk((first, count, target) ->
        guarded(
            guards.reading(chunk),
            chunk,
            slot ->
                slot != null && store.read(slot, first, count, target, new int[count]).isEmpty()));
  }

  /**
   * Of the bytes of single blocks as they are on the disk; empty when there is no such chunk.
   *
   * @param numbers of the blocks, rising
   */
  public Optional<BlockDigests> blockDigests(ChunkId chunk, int[] numbers) throws IOException {
    Optional<BlockBytes> read =
        guarded(
            guards.reading(chunk),
            chunk,
            slot ->
                slot == null
                    ? Optional.empty()
                    : Optional.of(BlockBytes.read(store, slot, numbers)));
    return read.map(bytes -> new BlockDigests(bytes.digests(), bytes.unreadable()));
  }

  private <T> T guarded(Lock guard, ChunkId chunk, OnSlot<T> body) throws IOException {
    guard.lock();
    try {
      if (replica.isInstalling()) {
        throw new IOException(replica.copyset() + " is being installed here: it shows no block");
      }
      return body.on(replica.slot(chunk));
    } finally {
      guard.unlock();
    }
  }

  @FunctionalInterface
  private interface OnSlot<T> {
    T on(@Nullable Slot slot) throws IOException;
  }
}
