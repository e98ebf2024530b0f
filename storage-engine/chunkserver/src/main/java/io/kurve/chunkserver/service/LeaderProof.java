package io.kurve.chunkserver.service;

import io.kurve.core.log.ReadPermission;
import java.util.function.Consumer;

/** Whether this replica leads, and has applied all that was answered before the question came. */
@FunctionalInterface
interface LeaderProof {
  /**
   * @param told once, now or later, on any thread; it must not block
   */
  void ask(Consumer<ReadPermission> told);
}
