package io.kurve.protocol.handshake;

/** What a process is to the cluster. */
public enum Role {
  CLIENT("client"),
  CHUNKSERVER("chunkserver"),
  MDS("MDS"),
  VOLUME_HOST("volume host"),
  CLI("command line");

  private final String text;

  Role(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
