package io.kurve.chunkserver.store;

/**
 * Something that is wrong with a store.
 *
 * @param object what it is about, such as {@code slot 5 block 17}
 * @param text one line that says what is wrong
 * @param cure one line that says what to do
 */
public record StoreFinding(Code code, String object, String text, String cure) {
  /** Stable names. */
  public enum Code {
    SUPERBLOCK_DAMAGED,
    SUPERBLOCKS_DIFFER,
    CONTROL_AREA_DAMAGED,
    HEADER_DAMAGED,
    CHECKSUM_ENTRY_DAMAGED,
    BLOCK_DAMAGED,
    LOG_DAMAGED
  }
}
