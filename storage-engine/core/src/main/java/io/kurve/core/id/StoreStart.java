package io.kurve.core.id;

/**
 * One start of a store: a process that took it over.
 *
 * <p>A disk and its copy that are started at once come to the same generation; the number that each
 * process draws for itself tells them apart.
 *
 * @param generation how often the store has been started, by what its disk says
 * @param id drawn at random by the process, or {@link #UNTOLD}
 */
public record StoreStart(StoreGeneration generation, long id) {
  /** By software that draws none. */
  public static final long UNTOLD = 0;

  public static StoreStart of(StoreGeneration generation, long random) {
    return new StoreStart(generation, random == UNTOLD ? 1 : random);
  }

  public boolean isTold() {
    return id != UNTOLD;
  }

  @Override
  public String toString() {
    return isTold() ? generation + "/" + Long.toHexString(id) : generation.toString();
  }
}
