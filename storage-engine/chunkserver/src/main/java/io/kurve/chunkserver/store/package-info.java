/**
 * The chunk store: the on-disk format of one disk. Owns superblocks, control checkpoints, slot
 * headers, the block-checksum table and the slots; lends the WAL region to consensus. Knows nothing
 * of raft, grants or volumes' meaning.
 */
@NullMarked
package io.kurve.chunkserver.store;

import org.jspecify.annotations.NullMarked;
