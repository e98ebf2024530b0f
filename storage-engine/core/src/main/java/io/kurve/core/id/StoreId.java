package io.kurve.core.id;

import java.util.UUID;

/** Made when a disk is formatted: an emptied disk is another store, whatever its address. */
public record StoreId(UUID value) implements Comparable<StoreId> {
  public static StoreId parse(String text) {
    return new StoreId(UUID.fromString(text));
  }

  @Override
  public int compareTo(StoreId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
