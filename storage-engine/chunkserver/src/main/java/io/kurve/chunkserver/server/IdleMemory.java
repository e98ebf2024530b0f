package io.kurve.chunkserver.server;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;

/**
 * Gives the heap of a busy hour back once the chunkserver idles: the JVM shrinks its heap only when
 * it collects all of it, and an idle one never has to. Idle is who has filled the young generation
 * at most once in {@value #IDLE_LOOKS} looks; one such time costs one collection.
 */
final class IdleMemory {
  static final int IDLE_LOOKS = 30;

  private final Runnable giveBack;
  private long seenCollections;
  private int quietLooks;
  private boolean given;

  IdleMemory(Runnable giveBack) {
    this.giveBack = giveBack;
  }

  /** To be called once a second or so. */
  void look() {
    look(collections());
  }

  void look(long collections) {
    if (collections > seenCollections + 1) {
      seenCollections = collections;
      quietLooks = 0;
      given = false;
      return;
    }
    quietLooks++;
    if (quietLooks == IDLE_LOOKS) {
      quietLooks = 0;
      seenCollections = collections;
      if (!given) {
        given = true;
        giveBack.run();
        seenCollections = collections + 1;
      }
    }
  }

  private static long collections() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
        .mapToLong(GarbageCollectorMXBean::getCollectionCount)
        .sum();
  }
}
