package io.kurve.cli.command;

import io.kurve.cli.bench.ChainPart;
import io.kurve.cli.bench.MachineBench;
import io.kurve.cli.bench.VolumeBench;
import io.kurve.cli.bench.WarmUp;
import io.kurve.cli.output.Table;
import io.kurve.cli.playground.Layout;
import io.kurve.cli.playground.Playground;
import io.kurve.cli.playground.PlaygroundStatus.ProcessStatus;
import io.kurve.cli.playground.Settings;
import io.kurve.client.bench.BenchPlan;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kurve bench …}. */
@Command(
    name = "bench",
    description = {
      "Measures Kurve through the embedded client, on a volume of its own that it "
          + "fills and deletes.",
      "`kurve bench machine` measures what the machine can do without Kurve, to " + "compare with."
    },
    synopsisSubcommandLabel = "[COMMAND]",
    mixinStandardHelpOptions = true)
public final class BenchCommand implements Callable<Integer> {
  private static final int MAX_DEPTH = 256;
  private static final int MAX_SECONDS = 3600;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final WarmUp UNTIL_STEADY = new WarmUp.UntilSteady(5, 9);

  private final Session session;

  @Mixin final ClusterOptions cluster = new ClusterOptions();
  @Mixin final OutputOption output = new OutputOption();

  @Option(
      names = "--op",
      defaultValue = "randwrite",
      paramLabel = "OP",
      converter = PatternConverter.class,
      description = "randread, randwrite, read or write (default: randwrite)")
  BenchPlan.Pattern operation = BenchPlan.Pattern.RANDWRITE;

  @Option(
      names = "--size",
      defaultValue = "4KiB",
      paramLabel = "SIZE",
      converter = SizeConverter.class,
      description = "of one request, a multiple of 512 bytes up to 1MiB (default: 4KiB)")
  ByteSize size = new ByteSize(Geometry.BLOCK_BYTES);

  @Option(
      names = "--depth",
      defaultValue = "32",
      paramLabel = "N",
      description =
          "requests in flight (default: 32); those of read and write take the volume's "
              + "next blocks in turn, in one order for all of them")
  int depth = 32;

  @Option(
      names = "--seconds",
      defaultValue = "20",
      paramLabel = "N",
      description = "how long to measure (default: 20)")
  int seconds = 20;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      description =
          "how long to run the same requests before those that count, since servers "
              + "compile while they are new (default: until it gets no faster, 45 at most)")
  @Nullable Integer warmUpSeconds;

  @Option(
      names = "--volume-size",
      defaultValue = "1GiB",
      paramLabel = "SIZE",
      converter = SizeConverter.class,
      description = "of the volume made for it (default: 1GiB)")
  ByteSize volumeSize = new ByteSize(Geometry.SEGMENT_BYTES);

  @Option(
      names = "--cold",
      description =
          "drop the page cache before measuring (root); read then ends at the volume's "
              + "end at the latest")
  boolean cold;

  @Option(
      names = "--volume",
      paramLabel = "V",
      description = "measure this volume instead; refused when attached, or with data in it")
  @Nullable String volume;

  @Option(names = "--overwrite", description = "with --volume: its data may be lost")
  boolean overwrite;

  public BenchCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    VolumeBench.Plan plan = plan();
    VolumeBench bench =
        new VolumeBench(
            session.connections().cluster(cluster.cluster()),
            serverPids(),
            PATIENCE,
            session.console()::progress);
    VolumeBench.Result result =
        volume == null ? bench.onOwnVolume(plan) : bench.onVolume(volume, plan, overwrite);
    session
        .console()
        .result(
            output.json(),
            result,
            () ->
                new Table("BENCH", result.operation() + " " + size + ", depth " + depth)
                    .row("requests/s", Math.round(result.iops()))
                    .row("bytes/s", new ByteSize(Math.round(result.bytesPerS())))
                    .row("p50", Math.round(result.p50Us()) + " µs")
                    .row("p99", Math.round(result.p99Us()) + " µs")
                    .row("CPU a request", Math.round(result.cpuUsPerOp()) + " µs")
                    .row("errors", result.errors())
                    .toString());
    return 0;
  }

  private VolumeBench.Plan plan() {
    if (size.bytes() == 0 || !size.isMultipleOf(512) || size.bytes() > Geometry.MAX_REQUEST_BYTES) {
      throw invalid("--size is " + size, "give a multiple of 512 bytes up to 1MiB");
    }
    if (depth < 1 || depth > MAX_DEPTH) {
      throw invalid("--depth is " + depth, "give 1 to " + MAX_DEPTH);
    }
    if (seconds < 1 || seconds > MAX_SECONDS) {
      throw invalid("--seconds is " + seconds, "give 1 to " + MAX_SECONDS);
    }
    if (volumeSize.bytes() == 0) {
      throw invalid("--volume-size is 0", "give at least 16MiB");
    }
    return new VolumeBench.Plan(
        operation, (int) size.bytes(), depth, seconds, warmUp(), volumeSize.bytes(), cold);
  }

  private WarmUp warmUp() {
    if (warmUpSeconds == null) {
      return UNTIL_STEADY;
    }
    if (warmUpSeconds < 0 || warmUpSeconds > MAX_SECONDS) {
      throw invalid("--warm-up is " + warmUpSeconds, "give 0 to " + MAX_SECONDS);
    }
    return new WarmUp.Fixed(warmUpSeconds);
  }

  private static KurveException invalid(String what, String cure) {
    return new KurveException(ErrorCode.INVALID_ARGUMENT, what, cure);
  }

  /** Of a playground's servers; elsewhere their time can't be seen from here. */
  private List<Long> serverPids() {
    Layout layout = new Layout(cluster.playgroundDirectory().toAbsolutePath().normalize());
    return Settings.read(layout.directory())
        .map(settings ->
            new Playground(layout, settings, session.connections(), session.console()::progress)
                .status().processes().stream()
                    .map(ProcessStatus::pid)
                    .filter(Objects::nonNull)
                    .toList())
        .orElse(List.of());
  }

  @Command(
      name = "machine",
      description =
          "Measures this machine without Kurve: the bare chain (the least that a write "
              + "costs which is durable on two of three disks), one synced append, a loopback "
              + "round trip, the raw disk.",
      mixinStandardHelpOptions = true)
  int machine(
      @Option(
              names = "--folder",
              defaultValue = ".",
              paramLabel = "DIR",
              description = "a folder on the disk to measure (default: this one)")
          Path folder,
      @Option(
              names = "--seconds",
              defaultValue = "5",
              paramLabel = "N",
              description = "how long to measure each thing (default: 5)")
          int secondsEach,
      @Mixin OutputOption output)
      throws IOException, InterruptedException {
    if (secondsEach < 1 || secondsEach > MAX_SECONDS) {
      throw invalid("--seconds is " + secondsEach, "give 1 to " + MAX_SECONDS);
    }
    if (!Files.isDirectory(folder)) {
      throw new KurveException(
          ErrorCode.NOT_FOUND, "there is no folder " + folder, "name one with --folder");
    }
    MachineBench.Figures figures =
        new MachineBench(folder, secondsEach, javaCommand(), session.console()::progress).run();
    session
        .console()
        .result(
            output.json(),
            figures,
            () ->
                new Table("MACHINE", "")
                    .row("bare chain p50", Math.round(figures.chainP50Us()) + " µs")
                    .row("bare chain writes/s", Math.round(figures.chainOps()))
                    .row("synced append p50", Math.round(figures.syncAppendP50Us()) + " µs")
                    .row("round trip p50", Math.round(figures.roundTripP50Us()) + " µs")
                    .row("4k random read p50", Math.round(figures.randreadP50Us()) + " µs")
                    .row("4k random reads/s", Math.round(figures.randreadOps()))
                    .row("4k random write p50", Math.round(figures.randwriteP50Us()) + " µs")
                    .row("4k random writes/s", Math.round(figures.randwriteOps()))
                    .row(
                        "sequential write",
                        new ByteSize(Math.round(figures.sequentialWriteBytesPerS())) + "/s")
                    .row(
                        "sequential read",
                        new ByteSize(Math.round(figures.sequentialReadBytesPerS())) + "/s")
                    .toString());
    return 0;
  }

  /** This program once more. */
  private static List<String> javaCommand() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "io.kurve.dist.Kurve"));
    return command;
  }

  @Command(name = "chain-part", hidden = true, description = "One process of the bare chain.")
  int chainPart(
      @Parameters(index = "0") String role,
      @Parameters(index = "1") Path file,
      @Parameters(index = "2", defaultValue = "") String followers)
      throws IOException {
    ChainPart part = new ChainPart(session.console().out());
    if (role.equals("leader")) {
      part.leader(file, Arrays.stream(followers.split(",")).map(Integer::valueOf).toList());
    } else {
      part.follower(file);
    }
    return 0;
  }
}
