package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.disk.DirectIo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Writers that put rising numbers on a block device, past the kernel's cache, and remember outside
 * of it which were acknowledged. Block b has the number n of the nth write to it, at both ends.
 */
final class NumberedWrites {
  private static final int BLOCK = 4096;
  private static final int BLOCKS = 4096;
  private static final int WRITERS = 8;

  /** By block: the last number that was acknowledged, and the last that was sent. */
  private final AtomicLongArray acknowledged = new AtomicLongArray(BLOCKS);

  private final AtomicLongArray sent = new AtomicLongArray(BLOCKS);
  private final Thread[] writers = new Thread[WRITERS];

  /** Starts writing, until a write fails. */
  void start(String device) throws IOException {
    for (int i = 0; i < WRITERS; i++) {
      int writer = i;
      FileChannel channel = open(device, StandardOpenOption.WRITE);
      writers[i] = Thread.ofPlatform().daemon().start(() -> write(channel, writer));
    }
  }

  private static FileChannel open(String device, StandardOpenOption how) throws IOException {
    return FileChannel.open(Path.of(device), how, DirectIo.option());
  }

  private void write(FileChannel channel, int writer) {
    try (Arena arena = Arena.ofConfined();
        channel) {
      ByteBuffer block = aligned(arena);
      while (true) {
        for (int b = writer; b < BLOCKS; b += WRITERS) {
          long number = sent.incrementAndGet(b);
          int written = channel.write(fill(block, b, number), (long) b * BLOCK);
          if (written == BLOCK) {
            acknowledged.set(b, number);
          }
        }
      }
    } catch (IOException e) {
      return; // the device is dead: what a test waits for
    }
  }

  private static ByteBuffer aligned(Arena arena) {
    MemorySegment memory = arena.allocate(BLOCK, BLOCK);
    return memory.asByteBuffer();
  }

  private static ByteBuffer fill(ByteBuffer block, int b, long number) {
    block.clear();
    block.putLong(0, b).putLong(Long.BYTES, number).putLong(BLOCK - Long.BYTES, number);
    return block;
  }

  long acknowledged() {
    long sum = 0;
    for (int b = 0; b < BLOCKS; b++) {
      sum += acknowledged.get(b);
    }
    return sum;
  }

  void awaitEnd() throws InterruptedException {
    for (Thread writer : writers) {
      writer.join();
    }
  }

  /** Each block has the last number that was acknowledged, or one that was sent after it. */
  void verify(String device) throws IOException {
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = open(device, StandardOpenOption.READ)) {
      ByteBuffer block = aligned(arena);
      for (int b = 0; b < BLOCKS; b++) {
        block.clear();
        assertThat(channel.read(block, (long) b * BLOCK)).isEqualTo(BLOCK);
        long number = block.getLong(Long.BYTES);
        assertThat(number)
            .as("block %d", b)
            .isBetween(acknowledged.get(b), sent.get(b))
            .isEqualTo(block.getLong(BLOCK - Long.BYTES));
        if (number != 0) {
          assertThat(block.getLong(0)).isEqualTo(b);
        }
      }
    }
  }
}
