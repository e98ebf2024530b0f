package io.kurve.consensus.jraft;

import com.google.protobuf.ByteOutput;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The memory of a byte string: what nobody changes any more need not be copied. */
final class SharedParts extends ByteOutput {
  private final List<ByteBuffer> parts = new ArrayList<>(1);

  private SharedParts() {}

  static List<ByteBuffer> of(ByteString bytes) {
    SharedParts shared = new SharedParts();
    try {
      UnsafeByteOperations.unsafeWriteTo(bytes, shared);
    } catch (IOException impossible) {
      throw new UncheckedIOException("memory was not there to be read", impossible);
    }
    return shared.parts;
  }

  @Override
  public void write(byte value) {
    parts.add(ByteBuffer.wrap(new byte[] {value}));
  }

  @Override
  public void write(byte[] value, int offset, int length) {
    parts.add(ByteBuffer.wrap(Arrays.copyOfRange(value, offset, offset + length)));
  }

  @Override
  public void writeLazy(byte[] value, int offset, int length) {
    parts.add(ByteBuffer.wrap(value, offset, length));
  }

  @Override
  public void write(ByteBuffer value) {
    parts.add(ByteBuffer.allocate(value.remaining()).put(value).flip());
  }

  @Override
  public void writeLazy(ByteBuffer value) {
    parts.add(value.slice());
  }
}
