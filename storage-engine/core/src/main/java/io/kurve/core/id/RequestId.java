package io.kurve.core.id;

/**
 * Names one sub-request over all its retries, leaders and hosts.
 *
 * <p>{@code number} counts the requests of an attachment from 1; {@code part} counts the pieces
 * into which the client split it, from 0 and below {@value #MAX_PARTS}.
 */
public record RequestId(AttachmentId attachment, long number, int part)
    implements Comparable<RequestId> {
  public static final int MAX_PARTS = 1 << 16;

  public RequestId {
    if (number < 1) {
      throw new IllegalArgumentException("request numbers start at 1, not " + number);
    }
    if (part < 0 || part >= MAX_PARTS) {
      throw new IllegalArgumentException("part must be in [0, " + MAX_PARTS + "), not " + part);
    }
  }

  @Override
  public int compareTo(RequestId other) {
    int byAttachment = attachment.compareTo(other.attachment);
    if (byAttachment != 0) {
      return byAttachment;
    }
    int byNumber = Long.compare(number, other.number);
    return byNumber != 0 ? byNumber : Integer.compare(part, other.part);
  }

  @Override
  public String toString() {
    return attachment.value() + "." + number + "." + part;
  }
}
