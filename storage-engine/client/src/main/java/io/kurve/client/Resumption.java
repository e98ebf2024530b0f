package io.kurve.client;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Volume;
import java.util.List;

/**
 * What an earlier process left of an attachment with which another one goes on.
 *
 * @param volume as it was known
 * @param highest the highest request number that was used; 0 if none was
 * @param unanswered the first numbers of changes that may be asked for again
 */
public record Resumption(
    Volume volume, AttachmentId attachment, long highest, List<Long> unanswered) {
  public Resumption {
    unanswered = List.copyOf(unanswered);
    if (unanswered.stream().anyMatch(number -> number < 1 || number > highest)) {
      throw new IllegalArgumentException(
          "unanswered requests " + unanswered + " of " + highest + " in all");
    }
  }
}
