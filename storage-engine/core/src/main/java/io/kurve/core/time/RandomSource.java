package io.kurve.core.time;

/** Dice for jitter and nonces; seeded in simulation. */
public interface RandomSource {
  long nextLong();

  /** Uniform in [0, bound); bound is positive. */
  long nextLong(long bound);
}
