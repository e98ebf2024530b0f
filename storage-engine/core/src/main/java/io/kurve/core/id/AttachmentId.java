package io.kurve.core.id;

/** One opening of a volume by a host: the volume's fencing epoch, never reused. */
public record AttachmentId(long value) implements Comparable<AttachmentId> {
  public AttachmentId {
    if (value < 1) {
      throw new IllegalArgumentException("AttachmentId must be at least 1, not " + value);
    }
  }

  @Override
  public int compareTo(AttachmentId other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return "attachment-" + value;
  }
}
