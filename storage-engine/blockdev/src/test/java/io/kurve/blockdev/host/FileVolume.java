package io.kurve.blockdev.host;

import io.kurve.client.BlockVolume;
import io.kurve.client.Flight;
import io.kurve.client.Resumption;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.Volume;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A volume in a file that outlives its process. Each request takes some milliseconds, so that there
 * are always some in flight; the numbers of changes go into another file once they are applied, and
 * one that is there is not applied again.
 */
final class FileVolume implements BlockVolume {
  static final int SIZE = 64 << 20;
  private static final int RECORD_BYTES = Long.BYTES;

  private final AttachmentId attachment;
  private final Volume volume;
  private final FileChannel file;
  private final FileChannel applied;
  private final ScheduledExecutorService executor = new ScheduledThreadPoolExecutor(1);

  // On the executor's one thread.
  private long next;

  FileVolume(Path directory, Resumption resumption) throws IOException {
    this(directory, resumption.attachment(), resumption.volume(), resumption.highest());
  }

  FileVolume(Path directory, long attachment) throws IOException {
    this(
        directory,
        new AttachmentId(attachment),
        new Volume(
            new VolumeId(1),
            "demo",
            SIZE,
            512,
            false,
            1,
            Volume.State.ACTIVE,
            Instant.EPOCH,
            Optional.empty(),
            0),
        0);
  }

  private FileVolume(Path directory, AttachmentId attachment, Volume volume, long highest)
      throws IOException {
    this.attachment = attachment;
    this.volume = volume;
    this.next = highest + 1;
    this.file = open(directory.resolve("volume"));
    this.applied = open(directory.resolve("applied"));
  }

  private static FileChannel open(Path path) throws IOException {
    return FileChannel.open(
        path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  @Override
  public Volume volume() {
    return volume;
  }

  @Override
  public AttachmentId attachment() {
    return attachment;
  }

  private interface Effect {
    void happen() throws IOException;
  }

  private CompletionStage<Void> later(Flight flight, boolean changes, Effect effect) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    executor.execute(() -> {
      long number = flight.earlierNumber();
      if (number == 0) {
        number = next++;
        flight.takes(number);
      }
      long id = number;
      var unused =
          executor.schedule(() -> end(id, changes, effect, result), 2, TimeUnit.MILLISECONDS);
    });
    return result;
  }

  private void end(long number, boolean changes, Effect effect, CompletableFuture<Void> result) {
    try {
      if (!changes || !isApplied(number)) {
        effect.happen();
        if (changes) {
          note(number);
        }
      }
      var unused = executor.schedule(() -> result.complete(null), 1, TimeUnit.MILLISECONDS);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean isApplied(long number) throws IOException {
    ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES);
    return applied.read(record, number * RECORD_BYTES) == RECORD_BYTES
        && record.flip().getLong() == number;
  }

  private void note(long number) throws IOException {
    ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES).putLong(number).flip();
    applied.write(record, number * RECORD_BYTES);
  }

  @Override
  public CompletionStage<Void> read(long offset, ByteBuffer target, Flight flight) {
    return later(
        flight,
        false,
        () -> {
          ByteBuffer rest = target.duplicate();
          while (rest.hasRemaining()) {
            if (file.read(rest, offset + rest.position() - target.position()) < 0) {
              rest.put(new byte[rest.remaining()]);
            }
          }
        });
  }

  @Override
  public CompletionStage<Void> write(long offset, ByteBuffer source, Flight flight) {
    return later(
        flight,
        true,
        () -> {
          ByteBuffer rest = source.duplicate();
          while (rest.hasRemaining()) {
            int done = rest.position() - source.position();
            int ignored = file.write(rest, offset + done);
          }
        });
  }

  @Override
  public CompletionStage<Void> flush() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletionStage<Void> discard(long offset, long length, Flight flight) {
    return writeZeroes(offset, length, flight);
  }

  @Override
  public CompletionStage<Void> writeZeroes(long offset, long length, Flight flight) {
    return write(offset, ByteBuffer.allocate((int) length), flight);
  }

  @Override
  public void allAskedAgain() {
    // what it remembers costs nothing
  }

  @Override
  public CompletionStage<Volume> refresh() {
    return CompletableFuture.completedFuture(volume);
  }

  @Override
  public CompletionStage<String> fenced() {
    return new CompletableFuture<>();
  }

  @Override
  public void abort(String why) {
    executor.shutdownNow();
  }

  @Override
  public CompletionStage<Void> close() {
    return CompletableFuture.completedFuture(null);
  }
}
