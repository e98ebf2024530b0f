package io.kurve.core.metadata;

import io.kurve.core.id.VolumeId;
import java.time.Instant;
import java.util.Optional;

/**
 * A volume's record.
 *
 * @param logicalBlockBytes 512 or 4096, for ever; shared volumes have 4096
 * @param sequence raised by each snapshot; 1 at first
 * @param mappedBytes in segments that have been allocated
 */
public record Volume(
    VolumeId id,
    String name,
    long sizeBytes,
    int logicalBlockBytes,
    boolean shared,
    long sequence,
    State state,
    Instant created,
    Optional<Formatted> formatted,
    long mappedBytes) {

  public enum State {
    ACTIVE,
    /** In the recycle bin: its data is kept, nobody can open it, it can be had back. */
    DELETED,
    /** Its tombstone is durable: the space comes back, the volume never does. */
    DELETING
  }

  /** The file system that was first made on it; then nobody makes another. */
  public record Formatted(String fileSystem, String uuid) {}
}
