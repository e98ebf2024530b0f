package io.kurve.testkit.time;

import io.kurve.core.time.RandomSource;
import java.util.SplittableRandom;

/** Dice that fall the same way for the same seed. Not safe for several threads: fork one each. */
public final class SeededRandom implements RandomSource {
  private final SplittableRandom random;

  public SeededRandom(long seed) {
    this(new SplittableRandom(seed));
  }

  private SeededRandom(SplittableRandom random) {
    this.random = random;
  }

  /** Dice of its own for a component, so that another component's throws don't shift its own. */
  public SeededRandom fork() {
    return new SeededRandom(random.split());
  }

  @Override
  public long nextLong() {
    return random.nextLong();
  }

  @Override
  public long nextLong(long bound) {
    return random.nextLong(bound);
  }

  /** Uniform in [0, bound). */
  public int nextInt(int bound) {
    return random.nextInt(bound);
  }

  /** True once in {@code oneIn} throws on average. */
  public boolean chance(int oneIn) {
    return random.nextInt(oneIn) == 0;
  }
}
