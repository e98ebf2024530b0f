package io.kurve.chunkserver.copyset;

import io.kurve.core.data.ChunkAddress;
import java.io.IOException;

/** A block that can't be read as it was written; a peer may have it whole. */
public final class DamagedBlockException extends IOException {
  private static final long serialVersionUID = 1;

  private final transient ChunkAddress address;
  private final int block;

  DamagedBlockException(String what, ChunkAddress address, int block) {
    super(what);
    this.address = address;
    this.block = block;
  }

  public ChunkAddress address() {
    return address;
  }

  public int block() {
    return block;
  }
}
