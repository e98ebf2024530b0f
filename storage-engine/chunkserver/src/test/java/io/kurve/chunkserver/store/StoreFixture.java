package io.kurve.chunkserver.store;

import io.kurve.chunkserver.store.FormatRequest.ExistingData;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.disk.Disk;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.metastore.Bytes;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.disk.VolatileDisk;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.time.SeededRandom;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalLong;

/** A small store: 4 slots behind a WAL of 1 MiB and control areas of 64 KiB. */
final class StoreFixture {
  static final int BLOCK = Geometry.BLOCK_BYTES;
  static final long DISK_BYTES = 68L << 20;
  static final ClusterId CLUSTER = ClusterId.parse("c1c2c3c4-0000-4000-8000-000000000001");
  static final StoreId STORE = StoreId.parse("51525354-0000-4000-8000-000000000002");
  static final StoreIdentity IDENTITY =
      new StoreIdentity(CLUSTER, STORE, Instant.parse("2026-11-01T12:00:00Z"));
  static final CopysetKey COPYSET_A = copyset(11);
  static final CopysetKey COPYSET_B = copyset(12);

  private StoreFixture() {}

  static VolatileDisk emptyDisk(long seed) {
    return new VolatileDisk("disk-0", DISK_BYTES, new SeededRandom(seed));
  }

  static VolatileDisk formattedDisk(long seed) {
    VolatileDisk disk = emptyDisk(seed);
    format(disk, request(ExistingData.REFUSE));
    return disk;
  }

  static FormatRequest request(ExistingData existing) {
    return new FormatRequest(
        IDENTITY, OptionalLong.of(1 << 20), OptionalLong.of(64 << 10), existing);
  }

  static StoreLayout format(Disk disk, FormatRequest request) {
    try {
      return StoreFormatter.format(disk, request);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ChunkStore open(Disk disk) {
    return ChunkStore.open(disk, CLUSTER, new HaltingFaultHandler());
  }

  static CopysetKey copyset(long id) {
    return new CopysetKey(new CopysetId(id), new CopysetGeneration(1));
  }

  static ChunkAddress chunk(long id) {
    return new ChunkAddress(new VolumeId(7), id - 100, new ChunkId(id));
  }

  static CopysetControl control(CopysetKey copyset, long index, List<Slot> slots) {
    ReplicaId replica = new ReplicaId(new ChunkserverId(3), STORE);
    return new CopysetControl(
        copyset,
        new LogPosition(2, index),
        Membership.ofVoters(List.of(replica)),
        false,
        slots,
        Bytes.ofText("state at " + index));
  }

  /** Blocks that say who they are in every sector. */
  static ByteBuffer blocks(long mark, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count * BLOCK);
    for (int block = 0; block < count; block++) {
      for (int at = 0; at < BLOCK; at += Long.BYTES) {
        bytes.putLong(mark * 1_000 + block);
      }
    }
    return bytes.flip();
  }

  static void write(SlotStore store, Slot slot, int firstBlock, ByteBuffer blocks) {
    store.write(slot, firstBlock, blocks.duplicate(), BlockChecksum.ofBlocks(blocks));
  }

  /** The bytes read; fails when one is damaged. */
  static ByteBuffer read(SlotStore store, Slot slot, int firstBlock, int count) {
    ByteBuffer target = ByteBuffer.allocate(count * BLOCK);
    int[] checksums = new int[count];
    BitSet damaged = store.read(slot, firstBlock, count, target, checksums);
    if (!damaged.isEmpty()) {
      throw new AssertionError("blocks " + damaged + " from " + firstBlock + " are damaged");
    }
    target.flip();
    int[] actual = BlockChecksum.ofBlocks(target);
    if (!Arrays.equals(actual, checksums)) {
      throw new AssertionError("the checksums are not those of the blocks");
    }
    return target;
  }

  static ByteBuffer zeros(int count) {
    return ByteBuffer.allocate(count * BLOCK);
  }
}
