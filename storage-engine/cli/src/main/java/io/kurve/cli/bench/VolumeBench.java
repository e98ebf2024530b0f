package io.kurve.cli.bench;

import io.kurve.cli.Connections;
import io.kurve.client.BlockVolume;
import io.kurve.client.bench.BenchPlan;
import io.kurve.client.bench.BenchResult;
import io.kurve.client.bench.BenchRun;
import io.kurve.client.cluster.KurveClient;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metadata.VolumeAdmin.VolumeUse;
import io.kurve.core.time.SystemRandom;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Kurve itself, measured through the embedded client. */
public final class VolumeBench {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /**
   * @param operation randread, randwrite, read or write
   * @param cold drop the page cache between filling and measuring
   */
  public record Plan(
      BenchPlan.Pattern operation,
      int sizeBytes,
      int depth,
      int seconds,
      long volumeBytes,
      boolean cold) {}

  /** What is printed; scripts rely on the names. */
  public record Result(
      String operation,
      int sizeBytes,
      int depth,
      double seconds,
      long operations,
      double iops,
      double bytesPerS,
      double p50Us,
      double p99Us,
      double cpuUsPerOp,
      long errors) {}

  private final Connections.Cluster cluster;
  private final List<Long> serverPids;
  private final Consumer<String> progress;

  /**
   * @param serverPids of the processes whose time counts beside this one's
   */
  public VolumeBench(
      Connections.Cluster cluster, List<Long> serverPids, Consumer<String> progress) {
    this.cluster = cluster;
    this.serverPids = serverPids;
    this.progress = progress;
  }

  /** On a volume of its own, which it fills and removes. */
  public Result onOwnVolume(Plan plan) throws IOException, InterruptedException {
    String name = "bench-" + UUID.randomUUID();
    long bytes = new ByteSize(plan.volumeBytes()).roundUpTo(Geometry.VOLUME_GRANULE_BYTES).bytes();
    VolumeAdmin volumes = cluster.volumes();
    Volume made =
        settled(volumes.create(name, new NewVolume(name, bytes, Geometry.BLOCK_BYTES, false)));
    try {
      return measure(name, plan, true);
    } finally {
      settled(volumes.delete(made.id()));
    }
  }

  /** On a volume that is there: refuses one that is attached, or holds data unless that may go. */
  public Result onVolume(String name, Plan plan, boolean overwrite)
      throws IOException, InterruptedException {
    VolumeUse use = settled(cluster.volumes().info(name));
    if (!use.attachments().isEmpty()) {
      throw new KurveException(
          ErrorCode.IN_USE,
          name + " is attached to " + use.attachments().getFirst().host(),
          "detach it first, or leave --volume away");
    }
    if (use.volume().mappedBytes() > 0 && !overwrite) {
      throw new KurveException(
          ErrorCode.IN_USE,
          name + " holds data",
          "pass --overwrite if it may be lost, or leave --volume away");
    }
    return measure(name, plan, use.volume().mappedBytes() == 0 || overwrite);
  }

  private Result measure(String name, Plan plan, boolean fill)
      throws IOException, InterruptedException {
    try (KurveClient client = cluster.client("bench")) {
      BlockVolume volume = settled(client.open(name, AccessMode.EXCLUSIVE));
      try {
        if (fill) {
          progress.accept("filling %s ...".formatted(new ByteSize(volume.volume().sizeBytes())));
          long failed =
              run(volume).prefill(volume.volume().sizeBytes()).toCompletableFuture().join();
          if (failed > 0) {
            throw new KurveException(
                ErrorCode.UNAVAILABLE,
                failed + " writes failed while the volume was filled",
                "see `kurve cluster status`");
          }
        }
        if (plan.cold()) {
          dropCaches();
        }
        progress.accept("measuring for " + plan.seconds() + " s ...");
        return measured(volume, plan);
      } finally {
        settled(volume.close());
      }
    }
  }

  private Result measured(BlockVolume volume, Plan plan) {
    CpuTime cpu =
        new CpuTime(
            Stream.concat(serverPids.stream(), Stream.of(ProcessHandle.current().pid())).toList());
    long cpuBefore = cpu.micros();
    BenchResult result =
        run(volume)
            .run(
                new BenchPlan(
                    plan.operation(),
                    plan.sizeBytes(),
                    plan.depth(),
                    Duration.ofSeconds(plan.seconds()),
                    volume.volume().sizeBytes()))
            .toCompletableFuture()
            .join();
    long cpuMicros = cpu.micros() - cpuBefore;
    long operations = result.latencies().count();
    return new Result(
        plan.operation().name().toLowerCase(Locale.ROOT),
        plan.sizeBytes(),
        plan.depth(),
        result.took().toNanos() / 1e9,
        operations,
        result.iops(),
        result.bytesPerSecond(),
        result.p50Micros(),
        result.p99Micros(),
        operations == 0 ? 0 : (double) cpuMicros / operations,
        result.errors());
  }

  private static BenchRun run(BlockVolume volume) {
    return new BenchRun(volume, System::nanoTime, new SystemRandom());
  }

  /** The stores keep blocks in the page cache only, so that dropping it makes them cold. */
  private void dropCaches() throws IOException, InterruptedException {
    progress.accept("dropping the page cache ...");
    Process sync = new ProcessBuilder("sync").inheritIO().start();
    if (sync.waitFor() != 0) {
      throw new IOException("sync ended with " + sync.exitValue());
    }
    Path dropCaches = Path.of("/proc/sys/vm/drop_caches");
    if (!Files.isWritable(dropCaches)) {
      throw new KurveException(
          ErrorCode.UNSUPPORTED,
          "--cold drops the page cache, which needs root",
          "run it with sudo");
    }
    Files.writeString(dropCaches, "3");
  }

  private static <T extends @Nullable Object> T settled(CompletionStage<T> stage) {
    return Connections.await(stage, LIMIT, "the cluster");
  }
}
