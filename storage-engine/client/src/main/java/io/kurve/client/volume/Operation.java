package io.kurve.client.volume;

/** What users ask of a volume. */
enum Operation {
  READ,
  WRITE,
  WRITE_ZEROES,
  DISCARD,
  FLUSH;

  boolean changes() {
    return switch (this) {
      case READ, FLUSH -> false;
      case WRITE, WRITE_ZEROES, DISCARD -> true;
    };
  }
}
