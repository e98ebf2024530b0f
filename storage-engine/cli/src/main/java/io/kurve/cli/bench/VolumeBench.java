package io.kurve.cli.bench;

import io.kurve.cli.Connections;
import io.kurve.client.BlockVolume;
import io.kurve.client.bench.BenchPlan;
import io.kurve.client.bench.BenchResult;
import io.kurve.client.bench.BenchRun;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.ClusterInspection.Reason;
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
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Kurve itself, measured through the embedded client: fill, warm up, measure, take away. It gives
 * up when no request ends for a while, and leaves nothing behind however it ends but by SIGKILL;
 * what that leaves is cleared by the next measurement.
 */
public final class VolumeBench {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration CLEAN_UP_LIMIT = Duration.ofSeconds(15);
  private static final Duration SYNC_LIMIT = Duration.ofMinutes(5);

  /** The reasons for a stall that somebody must do something about: an election ends by itself. */
  private static final Set<String> STALLS =
      Set.of("METASTORE_BEHIND", "POOL_INCOMPLETE", "COPYSET_NO_QUORUM");

  private static final Path DROP_CACHES = Path.of("/proc/sys/vm/drop_caches");

  /**
   * @param cold drop the page cache between warming up and measuring; read the volume once at most
   */
  public record Plan(
      BenchPlan.Pattern operation,
      int sizeBytes,
      int depth,
      int seconds,
      WarmUp warmUp,
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
  private final Duration patience;
  private final Consumer<String> progress;

  /**
   * @param serverPids of the processes whose time counts beside this one's
   * @param patience how long no request may end before it gives up
   */
  public VolumeBench(
      Connections.Cluster cluster,
      List<Long> serverPids,
      Duration patience,
      Consumer<String> progress) {
    this.cluster = cluster;
    this.serverPids = serverPids;
    this.patience = patience;
    this.progress = progress;
  }

  /** On a volume of its own, which it fills and removes. */
  public Result onOwnVolume(Plan plan) throws IOException, InterruptedException {
    refuseColdWithoutRoot(plan);
    refuseStalled();
    String name = BenchLeftovers.newName();
    long bytes = new ByteSize(plan.volumeBytes()).roundUpTo(Geometry.VOLUME_GRANULE_BYTES).bytes();
    BenchLeftovers leftovers = new BenchLeftovers(cluster.volumes(), progress);
    // What dead ones hold may be the room for this one; how old they are is told only by its own.
    leftovers.clear(Instant.EPOCH);
    try (CleanUp cleanUp = new CleanUp(progress)) {
      cleanUp.add("deleting " + name, () -> delete(name));
      Volume own = create(new NewVolume(name, bytes, Geometry.BLOCK_BYTES, false));
      leftovers.clear(own.created());
      return measure(name, plan, true, cleanUp);
    }
  }

  /** A volume that waits for its quorum would be left behind, fenced by whoever comes next. */
  private void refuseStalled() {
    Optional<Reason> stall =
        settled(cluster.inspection().status()).reasons().stream()
            .filter(reason -> STALLS.contains(reason.code()))
            .findFirst();
    if (stall.isPresent()) {
      throw new KurveException(
          ErrorCode.UNAVAILABLE,
          "the cluster is stalled: " + stall.get().text(),
          stall.get().cure());
    }
  }

  /** Who runs a measurement knows its volume by its option. */
  private Volume create(NewVolume wanted) {
    try {
      return settled(cluster.volumes().create(wanted.name(), wanted));
    } catch (KurveException e) {
      if (e.code() != ErrorCode.NO_SPACE) {
        throw e;
      }
      String text = e.text().replace("volume " + wanted.name(), "--volume-size");
      throw new KurveException(e.code(), text, e.cure(), e);
    }
  }

  private void delete(String name) {
    VolumeAdmin volumes = cluster.volumes();
    VolumeId made;
    try {
      made = Connections.await(volumes.info(name), CLEAN_UP_LIMIT, "the MDS").volume().id();
    } catch (KurveException e) {
      if (e.code() == ErrorCode.NOT_FOUND) { // the end came before it was made
        return;
      }
      throw e;
    }
    Connections.await(volumes.delete(made, Optional.of(Duration.ZERO)), CLEAN_UP_LIMIT, "the MDS");
  }

  /** On a volume that is there: refuses one that is attached, or holds data unless that may go. */
  public Result onVolume(String name, Plan plan, boolean overwrite)
      throws IOException, InterruptedException {
    refuseColdWithoutRoot(plan);
    refuseStalled();
    VolumeUse use = settled(cluster.volumes().info(name));
    if (!use.attachments().isEmpty()) {
      throw new KurveException(
          ErrorCode.IN_USE,
          name + " is attached to " + use.attachments().getFirst().host(),
          "detach it first with `kurve volume detach " + name + "`, or leave --volume away");
    }
    refuseData(use.volume(), overwrite);
    try (CleanUp cleanUp = new CleanUp(progress)) {
      return measure(name, plan, overwrite, cleanUp);
    }
  }

  private static void refuseData(Volume volume, boolean overwrite) {
    if (volume.mappedBytes() > 0 && !overwrite) {
      throw new KurveException(
          ErrorCode.IN_USE,
          volume.name() + " holds data",
          "pass --overwrite if it may be lost, or leave --volume away");
    }
  }

  private Result measure(String name, Plan plan, boolean overwrite, CleanUp cleanUp)
      throws IOException, InterruptedException {
    Connections.Client client = cluster.client("bench");
    cleanUp.add("closing the client", client::close);
    BlockVolume volume = settled(client.open(name));
    cleanUp.add("detaching " + name, () -> detach(volume));
    // Until it was open here somebody else could write to it.
    refuseData(volume.volume(), overwrite);
    fill(volume);
    warmUp(volume, plan);
    if (plan.cold()) {
      dropCaches();
    }
    progress.accept("measuring for " + plan.seconds() + " s ...");
    return measured(volume, plan);
  }

  private void warmUp(BlockVolume volume, Plan plan) throws InterruptedException {
    switch (plan.warmUp()) {
      case WarmUp.Fixed(int seconds) when seconds == 0 -> {}
      case WarmUp.Fixed(int seconds) -> {
        progress.accept("warming up for " + seconds + " s ...");
        BenchResult unused = run(volume, plan, seconds, false);
      }
      case WarmUp.UntilSteady steady -> {
        progress.accept(
            "warming up until it gets no faster, %d s at most ...".formatted(steady.mostSeconds()));
        List<Double> rates = new ArrayList<>();
        while (!steady.isOver(rates)) {
          rates.add(run(volume, plan, steady.roundSeconds(), false).iops());
        }
      }
    }
  }

  /** What is still in flight here does not matter any more. */
  private static void detach(BlockVolume volume) {
    volume.abort("the measurement is over");
    Connections.await(volume.close(), CLEAN_UP_LIMIT, "the cluster");
  }

  private void fill(BlockVolume volume) throws InterruptedException {
    progress.accept("filling %s ...".formatted(new ByteSize(volume.volume().sizeBytes())));
    BenchRun run = benchRun(volume);
    long failed = whileRequestsEnd(run, run.prefill(volume.volume().sizeBytes()));
    if (failed > 0) {
      throw new KurveException(
          ErrorCode.UNAVAILABLE,
          failed + " writes failed while the volume was filled",
          "see `kurve cluster status`");
    }
  }

  private Result measured(BlockVolume volume, Plan plan) throws InterruptedException {
    CpuTime cpu =
        new CpuTime(
            Stream.concat(serverPids.stream(), Stream.of(ProcessHandle.current().pid())).toList());
    long cpuBefore = cpu.micros();
    BenchResult result = run(volume, plan, plan.seconds(), plan.cold());
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

  private BenchResult run(BlockVolume volume, Plan plan, int seconds, boolean once)
      throws InterruptedException {
    BenchRun run = benchRun(volume);
    return whileRequestsEnd(
        run,
        run.run(
            new BenchPlan(
                plan.operation(),
                plan.sizeBytes(),
                plan.depth(),
                Duration.ofSeconds(seconds),
                volume.volume().sizeBytes(),
                once)));
  }

  private static BenchRun benchRun(BlockVolume volume) {
    return new BenchRun(volume, System::nanoTime, new SystemRandom());
  }

  /** A stalled volume waits for ever, a measurement does not. */
  private <T> T whileRequestsEnd(BenchRun run, CompletionStage<T> stage)
      throws InterruptedException {
    CompletableFuture<T> result = stage.toCompletableFuture();
    long ended = run.ended();
    while (true) {
      try {
        return result.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (run.ended() == ended) {
          throw new KurveException(
              ErrorCode.DEADLINE_EXCEEDED,
              "no request has been answered for " + patience.toSeconds() + " s",
              "see `kurve cluster status`",
              e);
        }
        ended = run.ended();
      } catch (ExecutionException e) {
        throw new IllegalStateException("requests' errors are counted", e.getCause());
      }
    }
  }

  private static void refuseColdWithoutRoot(Plan plan) {
    if (plan.cold() && !Files.isWritable(DROP_CACHES)) {
      throw new KurveException(
          ErrorCode.UNSUPPORTED,
          "--cold drops the page cache, which needs root",
          "run it with sudo");
    }
  }

  /** The stores keep blocks in the page cache only, so that dropping it makes them cold. */
  private void dropCaches() throws IOException, InterruptedException {
    progress.accept("dropping the page cache ...");
    Process sync = new ProcessBuilder("sync").inheritIO().start();
    if (!sync.waitFor(SYNC_LIMIT.toMillis(), TimeUnit.MILLISECONDS) || sync.exitValue() != 0) {
      sync.destroyForcibly();
      throw new KurveException(
          ErrorCode.UNAVAILABLE,
          "`sync` failed, or took more than " + SYNC_LIMIT.toMinutes() + " minutes",
          "see dmesg");
    }
    Files.writeString(DROP_CACHES, "3");
  }

  private static <T extends @Nullable Object> T settled(CompletionStage<T> stage) {
    return Connections.await(stage, LIMIT, "the cluster");
  }
}
