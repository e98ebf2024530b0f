package io.kurve.core.id;

/** A volume for ever: a new volume of the same name has a new id. */
public record VolumeId(long value) implements Comparable<VolumeId> {
  public VolumeId {
    if (value < 1) {
      throw new IllegalArgumentException("VolumeId must be at least 1, not " + value);
    }
  }

  @Override
  public int compareTo(VolumeId other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return "volume-" + value;
  }
}
