package io.kurve.simulation;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.history.BlockHistory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a volume may contain. Bytes are written into a few hot runs of blocks only, at the volume's
 * and the chunks' edges; all other blocks must read as zeros for ever.
 */
final class VolumeModel {
  static final long BYTES = 2L * Geometry.CHUNK_BYTES;
  private static final int BLOCKS = (int) (BYTES / Geometry.BLOCK_BYTES);

  /** First block and number of blocks. */
  static final List<int[]> HOT_RUNS =
      List.of(
          new int[] {0, 5},
          new int[] {Geometry.BLOCKS_PER_CHUNK - 3, 6},
          new int[] {BLOCKS - 3, 3});

  private final String name;
  private final Map<Integer, BlockHistory> hot = new TreeMap<>();
  private final Set<Long> writers = new TreeSet<>();
  private final Set<AttachmentId> beingFenced = new TreeSet<>();

  VolumeModel(String name) {
    this.name = name;
    for (int[] run : HOT_RUNS) {
      for (int block = run[0]; block < run[0] + run[1]; block++) {
        hot.put(block, new BlockHistory(Geometry.BLOCK_BYTES));
      }
    }
  }

  String name() {
    return name;
  }

  /** One request's part in one block. */
  private record Part(BlockHistory history, BlockHistory.Operation operation, int from, int to) {}

  /** A request under way. */
  final class Request {
    private final List<Part> parts = new ArrayList<>();
    private final long offset;
    private final boolean fenced;

    private Request(long offset, boolean fenced) {
      this.offset = offset;
      this.fenced = fenced;
    }

    void wrote() {
      if (fenced) {
        throw new AssertionError(name + ": a write of a fenced attachment was acknowledged");
      }
      parts.forEach(part -> part.history.wrote(part.operation));
    }

    void read(byte[] seen) {
      if (fenced) {
        throw new AssertionError(name + ": a read of a fenced attachment was answered");
      }
      for (Part part : parts) {
        part.history.sawBytes(part.operation, Arrays.copyOfRange(seen, part.from, part.to));
      }
      requireZerosElsewhere(seen);
    }

    private void requireZerosElsewhere(byte[] seen) {
      for (int i = 0; i < seen.length; i++) {
        if (seen[i] != 0 && !hot.containsKey((int) ((offset + i) / Geometry.BLOCK_BYTES))) {
          throw new AssertionError(
              name + ": byte " + (offset + i) + " was never written and is not zero");
        }
      }
    }
  }

  /** A new attachment is open: those before can do no more. */
  void opened(AttachmentId attachment) {
    for (long writer : writers) {
      hot.values().forEach(history -> history.seal(writer));
    }
    writers.clear();
    writers.add(attachment.value());
  }

  /** One more attachment of a shared volume. */
  void joined(AttachmentId attachment) {
    writers.add(attachment.value());
  }

  /** Somebody begins to fence it. */
  void fences(AttachmentId attachment) {
    beingFenced.add(attachment);
  }

  /** Whether it may hear that it is fenced: nobody else may. */
  boolean isFencedBySomebody(AttachmentId attachment) {
    return beingFenced.contains(attachment);
  }

  /** One attachment of a shared volume can do no more. */
  void left(AttachmentId attachment) {
    if (writers.remove(attachment.value())) {
      hot.values().forEach(history -> history.seal(attachment.value()));
    }
  }

  Request write(AttachmentId writer, long offset, byte[] bytes, String what) {
    Request request = new Request(offset, !writers.contains(writer.value()));
    if (request.fenced) {
      return request;
    }
    split(
        offset,
        bytes.length,
        (history, inBlock, from, to) ->
            request.parts.add(
                new Part(
                    history,
                    history.write(
                        writer.value(), inBlock, Arrays.copyOfRange(bytes, from, to), what),
                    from,
                    to)));
    return request;
  }

  Request read(AttachmentId reader, long offset, int length, String what) {
    Request request = new Request(offset, !writers.contains(reader.value()));
    if (request.fenced) {
      return request;
    }
    split(
        offset,
        length,
        (history, inBlock, from, to) ->
            request.parts.add(
                new Part(history, history.read(reader.value(), inBlock, what), from, to)));
    return request;
  }

  @FunctionalInterface
  private interface PartSink {
    void take(BlockHistory history, int inBlock, int from, int to);
  }

  private void split(long offset, int length, PartSink sink) {
    int from = 0;
    while (from < length) {
      int inBlock = (int) ((offset + from) % Geometry.BLOCK_BYTES);
      int count = Math.min(length - from, Geometry.BLOCK_BYTES - inBlock);
      BlockHistory history = hot.get((int) ((offset + from) / Geometry.BLOCK_BYTES));
      if (history != null) {
        sink.take(history, inBlock, from, from + count);
      }
      from += count;
    }
  }

  Optional<String> impossible() {
    for (Map.Entry<Integer, BlockHistory> each : hot.entrySet()) {
      Optional<String> problem = each.getValue().impossible();
      if (problem.isPresent()) {
        return Optional.of("block " + each.getKey() + " of " + name + ": " + problem.get());
      }
    }
    return Optional.empty();
  }
}
