package io.kurve.core.metadata;

/** A place to connect to. */
public record HostAndPort(String host, int port) {
  /**
   * @throws IllegalArgumentException when the text is not {@code host:port}
   */
  public static HostAndPort parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 1) {
      throw new IllegalArgumentException("'" + text + "' is not host:port");
    }
    int port;
    try {
      port = Integer.parseInt(text.substring(colon + 1));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + text + "' is not host:port", e);
    }
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException("port " + port + " in '" + text + "' is not in 0..65535");
    }
    return new HostAndPort(text.substring(0, colon), port);
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
