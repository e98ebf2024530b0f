package io.kurve.mds.record;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collection;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;

/** Appends fields, big-endian, each of one fixed form: see {@link RecordCodec}. */
final class RecordWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  RecordWriter u8(int value) {
    out.write(value);
    return this;
  }

  RecordWriter i32(int value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      out.write(value >>> shift);
    }
    return this;
  }

  RecordWriter i64(long value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      out.write((int) (value >>> shift));
    }
    return this;
  }

  RecordWriter flag(boolean value) {
    return u8(value ? 1 : 0);
  }

  RecordWriter text(String value) {
    byte[] encoded = value.getBytes(StandardCharsets.UTF_8);
    i32(encoded.length);
    out.write(encoded, 0, encoded.length);
    return this;
  }

  RecordWriter uuid(UUID value) {
    return i64(value.getMostSignificantBits()).i64(value.getLeastSignificantBits());
  }

  RecordWriter instant(Instant value) {
    return i64(value.toEpochMilli());
  }

  <T> RecordWriter optional(Optional<T> value, BiConsumer<RecordWriter, T> write) {
    flag(value.isPresent());
    value.ifPresent(present -> write.accept(this, present));
    return this;
  }

  <T> RecordWriter list(Collection<T> values, BiConsumer<RecordWriter, T> write) {
    i32(values.size());
    values.forEach(value -> write.accept(this, value));
    return this;
  }

  byte[] toBytes() {
    return out.toByteArray();
  }
}
