package io.kurve.core.id;

import java.util.UUID;

/** Made with the cluster and written into everything that belongs to it. */
public record ClusterId(UUID value) {
  public static ClusterId parse(String text) {
    return new ClusterId(UUID.fromString(text));
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
