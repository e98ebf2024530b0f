package io.kurve.core.data;

import io.kurve.core.id.ChunkId;
import io.kurve.core.id.VolumeId;

/**
 * A chunk and the place that it has in its volume for ever.
 *
 * @param index of the chunk in the volume, from 0: its first byte is at index * 16 MiB
 */
public record ChunkAddress(VolumeId volume, long index, ChunkId chunk) {}
