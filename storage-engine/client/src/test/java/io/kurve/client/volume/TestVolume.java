package io.kurve.client.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.time.ManualEventLoop;
import io.kurve.testkit.time.SeededRandom;
import io.prometheus.client.CollectorRegistry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A volume on a manual loop over fakes. */
final class TestVolume {
  static final long SIZE = Geometry.SEGMENT_BYTES + 4L * Geometry.CHUNK_BYTES;
  static final Duration PATIENCE = Duration.ofSeconds(60);

  final ManualEventLoop loop = new ManualEventLoop();
  final FakeChunkservers chunkservers = new FakeChunkservers(loop);
  final FakeMds mds = new FakeMds(loop, chunkservers, SIZE);
  final CollectorRegistry registry = new CollectorRegistry();
  final ClientMetrics metrics = new ClientMetrics(registry);
  final SeededRandom random;
  final OpenVolume volume;

  TestVolume() {
    this(1, AccessMode.EXCLUSIVE, VolumeLimits.defaults());
  }

  TestVolume(long seed, AccessMode mode, VolumeLimits limits) {
    random = new SeededRandom(seed);
    volume = open(mode, limits);
  }

  /** Another attachment of the same volume. */
  OpenVolume open(AccessMode mode, VolumeLimits limits) {
    OpenVolume opened =
        new OpenVolume(
            new VolumeIdentity(new ClusterId(new UUID(1, 1)), "host-a", mode, mds.openNow()),
            new VolumePorts(loop, random.fork(), mds, chunkservers, metrics),
            limits);
    opened.start();
    return opened;
  }

  /** Lets time pass until the stage has ended well. */
  <T> T await(CompletionStage<T> stage) {
    CompletableFuture<T> future = stage.toCompletableFuture();
    settle(future);
    return future.join();
  }

  void end(CompletionStage<Void> stage) {
    CompletableFuture<Void> future = stage.toCompletableFuture();
    settle(future);
    future.join();
  }

  ErrorCode awaitFailure(CompletionStage<?> stage) {
    CompletableFuture<?> future = stage.toCompletableFuture();
    settle(future);
    return failureOf(future);
  }

  static ErrorCode failureOf(CompletionStage<?> stage) {
    CompletableFuture<?> future = stage.toCompletableFuture();
    assertThat(future).isCompletedExceptionally();
    Throwable error = future.exceptionNow();
    assertThat(error).isInstanceOf(KurveException.class);
    return error instanceof KurveException kurve ? kurve.code() : ErrorCode.INTERNAL;
  }

  void write(long offset, byte[] bytes) {
    end(volume.write(offset, ByteBuffer.wrap(bytes)));
  }

  byte[] read(long offset, int length) {
    ByteBuffer target = ByteBuffer.allocate(length);
    end(volume.read(offset, target));
    return target.array();
  }

  byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) random.nextInt(256);
    }
    return bytes;
  }

  ChunkId chunk(long index) {
    return mds.map(index / Geometry.CHUNKS_PER_SEGMENT)
        .orElseThrow()
        .chunk((int) (index % Geometry.CHUNKS_PER_SEGMENT));
  }

  double retries(String reason) {
    return registry.getSampleValue(
        "kurve_client_retries_total", new String[] {"reason"}, new String[] {reason});
  }

  private void settle(CompletableFuture<?> future) {
    long end = loop.nanoTime() + PATIENCE.toNanos();
    while (!future.isDone() && loop.nanoTime() < end && loop.runNext()) {
      // time passes
    }
    assertThat(future).as("ended within %s", PATIENCE).isDone();
  }
}
