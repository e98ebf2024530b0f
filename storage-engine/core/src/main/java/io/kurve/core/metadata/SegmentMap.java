package io.kurve.core.metadata;

import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import java.util.List;

/**
 * Where the 64 chunks of one segment live: chunk i has the id firstChunk + i and lives in
 * copysets[i].
 *
 * @param index of the segment in its volume, from 0
 */
public record SegmentMap(
    VolumeId volume, long index, ChunkId firstChunk, List<CopysetId> copysets) {
  public SegmentMap {
    copysets = List.copyOf(copysets);
  }

  public ChunkId chunk(int indexInSegment) {
    return new ChunkId(firstChunk.value() + indexInSegment);
  }
}
