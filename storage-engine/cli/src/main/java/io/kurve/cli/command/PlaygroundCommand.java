package io.kurve.cli.command;

import io.kurve.cli.output.ShellWord;
import io.kurve.cli.output.Table;
import io.kurve.cli.playground.Layout;
import io.kurve.cli.playground.Machine;
import io.kurve.cli.playground.Playground;
import io.kurve.cli.playground.PlaygroundMaker;
import io.kurve.cli.playground.PlaygroundMaker.Wanted;
import io.kurve.cli.playground.PlaygroundStatus;
import io.kurve.cli.playground.Settings;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kurve playground …}. */
@Command(
    name = "playground",
    description = {
      "A whole cluster on this machine, to try Kurve out: one MDS, three "
          + "chunkservers on files, a volume host, and a volume 'demo' as a block device "
          + "(for that: root, on Linux).",
      "Without a command: up."
    },
    synopsisSubcommandLabel = "[COMMAND]",
    mixinStandardHelpOptions = true)
public final class PlaygroundCommand implements Callable<Integer> {
  private final Session session;

  @Mixin final Shape shape = new Shape();
  @Mixin final OutputOption output = new OutputOption();

  public PlaygroundCommand(Session session) {
    this.session = session;
  }

  /** The options of up; without a value they mean "as it is, or the default". */
  public static final class Shape {
    @Option(
        names = "--dir",
        paramLabel = "D",
        defaultValue = ClusterOptions.DEFAULT_PLAYGROUND,
        description = "the folder to keep it in (default: ./playground)")
    Path directory = Path.of(ClusterOptions.DEFAULT_PLAYGROUND);

    @Option(
        names = "--size",
        paramLabel = "SIZE",
        converter = SizeConverter.class,
        description =
            "of the volume demo, such as 64MiB; without a unit: bytes (default: 4GiB, or "
                + "half of what the disks hold if that would leave less than 1GiB)")
    @Nullable ByteSize size;

    @Option(
        names = "--disk-size",
        paramLabel = "SIZE",
        converter = SizeConverter.class,
        description = "of each chunkserver's disk (default: 8GiB, at least 512MiB)")
    @Nullable ByteSize diskSize;

    @Option(names = "--disks", paramLabel = "N", description = "chunkservers (default: 3)")
    @Nullable Integer disks;

    @Option(names = "--hosts", paramLabel = "N", description = "volume hosts (default: 1)")
    @Nullable Integer hosts;

    @Option(
        names = "--mds",
        paramLabel = "N",
        description = "MDS, of which one leads (default: 1; more need --etcd)")
    @Nullable Integer mds;

    @Option(
        names = "--etcd",
        description = "keep the metadata in an etcd, which this machine must have")
    boolean etcd;

    @Option(
        names = "--grace",
        paramLabel = "T",
        converter = TimeSpanConverter.class,
        description =
            "how long a disk may be gone before what it holds is rebuilt on others, such as 20s "
                + "(default: 10m)")
    @Nullable Duration grace;

    @Option(
        names = "--base-port",
        paramLabel = "PORT",
        description = "the first of its ports, all on loopback (default: free ones)")
    @Nullable Integer basePort;

    @Option(
        names = {"--yes", "-y"},
        description = "ask nothing (up asks nothing anyway)")
    boolean yes;
  }

  /** The folder, for commands that need no more. */
  public static final class Folder {
    @Option(
        names = "--dir",
        paramLabel = "D",
        defaultValue = ClusterOptions.DEFAULT_PLAYGROUND,
        description = "the playground's folder (default: ./playground)")
    Path directory = Path.of(ClusterOptions.DEFAULT_PLAYGROUND);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    return up(shape, output);
  }

  @Command(
      name = "up",
      description = {
        "Makes the playground, or finds it again and starts what does not run.",
        "Returns when all is ready. When a chunkserver does not start that the others can do "
            + "without, it attaches the volume all the same, says why, and fails."
      },
      mixinStandardHelpOptions = true)
  int up(@Mixin Shape shape, @Mixin OutputOption output) throws IOException, InterruptedException {
    Layout layout = layout(shape.directory);
    Machine.refuseSecond(layout);
    Settings settings =
        new PlaygroundMaker(layout, session.console()::progress)
            .findOrMake(
                new Wanted(
                    Optional.ofNullable(shape.size).map(ByteSize::bytes),
                    Optional.ofNullable(shape.diskSize).map(ByteSize::bytes),
                    Optional.ofNullable(shape.disks),
                    Optional.ofNullable(shape.hosts),
                    Optional.ofNullable(shape.basePort),
                    new PlaygroundMaker.Metadata(Optional.ofNullable(shape.mds), shape.etcd),
                    Optional.ofNullable(shape.grace)));
    Playground.Up up = playground(layout, settings).up();
    session
        .console()
        .result(output.json(), up.status(), () -> whatToTry(layout.directory(), up.status()));
    if (up.missing().isPresent()) {
      throw up.missing().get();
    }
    return 0;
  }

  private String whatToTry(Path directory, PlaygroundStatus status) {
    String kurve = session.console().commands().called();
    String dir = shown(directory);
    StringBuilder text = new StringBuilder("The playground is up.\n");
    if (status.device() == null) {
      text.append("No block device: ")
          .append(
              Machine.noDevices()
                  .orElse("volume demo is not attached: `kurve volume attach demo" + dir + "`"))
          .append("\n\nTry next:\n");
    } else {
      text.append(
          """
          Volume demo is the block device /dev/kurve/demo (%s).

          Try next:
            %smkdir -p /mnt/demo && mount /dev/kurve/demo /mnt/demo
          """
              .formatted(status.device(), isEmpty(status) ? "mkfs.ext4 /dev/kurve/demo && " : ""));
    }
    return text.append(
            """
              %1$s cluster status%2$s
              %1$s bench%2$s
              %1$s playground down%2$s
            """
                .formatted(kurve, dir))
        .toString();
  }

  private static boolean isEmpty(PlaygroundStatus status) {
    return status.volume() != null && Long.valueOf(0).equals(status.volume().mappedBytes());
  }

  private static String shown(Path directory) {
    Path usual = Path.of(ClusterOptions.DEFAULT_PLAYGROUND).toAbsolutePath();
    return directory.equals(usual) ? "" : " --dir " + ShellWord.of(directory);
  }

  @Command(
      name = "status",
      description = "Shows the processes, the volume and its device.",
      mixinStandardHelpOptions = true)
  int status(@Mixin Folder folder, @Mixin OutputOption output) {
    PlaygroundStatus status = existing(folder).status();
    session.console().result(output.json(), status, () -> text(status));
    return 0;
  }

  private static String text(PlaygroundStatus status) {
    Table table = new Table("PROCESS", "PID", "ADDRESS", "METRICS", "STORE");
    status
        .processes()
        .forEach(process ->
            table.row(
                Boolean.TRUE.equals(process.leader())
                    ? process.name() + " (leads)"
                    : process.name(),
                process.pid() == null ? "dead" : process.pid(),
                process.address(),
                process.metrics() == null ? "-" : "http://" + process.metrics() + "/metrics",
                process.store()));
    String device =
        status.device() == null ? "not attached" : status.device() + " (/dev/kurve/demo)";
    String volume =
        status.volume() == null ? "unknown" : new ByteSize(status.volume().sizeBytes()).toHuman();
    return "device: %s%nvolume demo: %s%n%n%s".formatted(device, volume, table);
  }

  @Command(
      name = "down",
      description = {
        "Ends all processes and takes the devices away; the data stays for the next up.",
        "Refuses while a device is mounted."
      },
      mixinStandardHelpOptions = true)
  int down(@Mixin Folder folder, @Mixin OutputOption output)
      throws IOException, InterruptedException {
    existing(folder).down();
    session
        .console()
        .result(
            output.json(),
            Map.of("down", true),
            () -> "The playground is down; `kurve playground up` finds its data again.");
    return 0;
  }

  @Command(
      name = "destroy",
      description = "Takes the playground down and removes it with all its data. Asks first.",
      mixinStandardHelpOptions = true)
  int destroy(
      @Mixin Folder folder,
      @Option(
              names = {"--yes", "-y"},
              description = "do not ask")
          boolean yes,
      @Mixin OutputOption output)
      throws IOException, InterruptedException {
    Playground playground = existing(folder);
    if (!yes && !confirmed(playground.layout().directory())) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT, "nothing was destroyed", "answer yes, or pass --yes");
    }
    playground.destroy();
    session
        .console()
        .result(
            output.json(),
            Map.of("destroyed", true),
            () -> "The playground and its data are gone.");
    return 0;
  }

  private boolean confirmed(Path directory) throws IOException {
    session
        .console()
        .progress(
            "All data of the playground in " + directory + " will be lost. Type yes to go on:");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    return "yes".equals(in.readLine());
  }

  @Command(
      name = "logs",
      description = "Prints the log of one process, such as mds-1, chunkserver-2 or host-1.",
      mixinStandardHelpOptions = true)
  int logs(@Parameters(paramLabel = "PROCESS") String process, @Mixin Folder folder)
      throws IOException {
    for (Path log : existing(folder).logs(process)) {
      if (Files.exists(log)) {
        try (Stream<String> lines = Files.lines(log)) {
          lines.forEach(session.console().out()::println);
        }
      }
    }
    return 0;
  }

  private Playground existing(Folder folder) {
    Layout layout = layout(folder.directory);
    Settings settings =
        Settings.read(layout.directory())
            .orElseThrow(() -> ClusterOptions.noPlayground(layout.directory()));
    return playground(layout, settings);
  }

  private Playground playground(Layout layout, Settings settings) {
    return new Playground(layout, settings, session.connections(), session.console()::progress);
  }

  private static Layout layout(Path directory) {
    return new Layout(directory.toAbsolutePath().normalize());
  }
}
