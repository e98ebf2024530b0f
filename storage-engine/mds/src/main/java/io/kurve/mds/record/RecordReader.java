package io.kurve.mds.record;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/** Takes off the fields that {@link RecordWriter} appended; too few bytes is an underflow. */
final class RecordReader {
  private final ByteBuffer in;

  RecordReader(ByteBuffer in) {
    this.in = in;
  }

  int u8() {
    return in.get() & 0xff;
  }

  int i32() {
    return in.getInt();
  }

  long i64() {
    return in.getLong();
  }

  boolean flag() {
    return u8() != 0;
  }

  String text() {
    byte[] encoded = new byte[boundedCount()];
    in.get(encoded);
    return new String(encoded, StandardCharsets.UTF_8);
  }

  UUID uuid() {
    return new UUID(i64(), i64());
  }

  Instant instant() {
    return Instant.ofEpochMilli(i64());
  }

  <T> Optional<T> optional(Function<RecordReader, T> read) {
    return flag() ? Optional.of(read.apply(this)) : Optional.empty();
  }

  <T> List<T> list(Function<RecordReader, T> read) {
    int count = boundedCount();
    List<T> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.add(read.apply(this));
    }
    return values;
  }

  int remaining() {
    return in.remaining();
  }

  /** Nothing counted is smaller than a byte, so a count above what is left is damage. */
  private int boundedCount() {
    int count = i32();
    if (count < 0 || count > in.remaining()) {
      throw new BufferUnderflowException();
    }
    return count;
  }
}
