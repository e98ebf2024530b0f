package io.kurve.core.time;

import java.util.concurrent.ThreadLocalRandom;

/** Dice of the running process; safe for use by several threads. Not for secrets. */
public final class SystemRandom implements RandomSource {
  @Override
  public long nextLong() {
    return ThreadLocalRandom.current().nextLong();
  }

  @Override
  public long nextLong(long bound) {
    return ThreadLocalRandom.current().nextLong(bound);
  }
}
