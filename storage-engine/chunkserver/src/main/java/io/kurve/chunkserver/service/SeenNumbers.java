package io.kurve.chunkserver.service;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import io.kurve.core.metadata.ChunkserverReport.Seen;

/** The highest of everything that this store has seen of its cluster; durable. */
public interface SeenNumbers {
  /**
   * False: a later MDS leader has been here, and nothing may be done for this one. When it answers
   * true, a higher term is durable.
   */
  boolean accept(Authority authority);

  /**
   * Whether it was ordered before the MDS knew of this start: it was on its way to a process of
   * before, and what it counted on may have been ordered otherwise since.
   */
  boolean isFromBefore(Authority authority);

  void sawAttachment(AttachmentId attachment);

  Seen seen();
}
