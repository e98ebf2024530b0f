package io.kurve.cli.playground;

import io.kurve.cli.output.ShellWord;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.ExitCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One server of a playground: started here, found again by a later command, ended by pid. A pid
 * alone could be somebody else's by then, so its start time is kept with it, and its command line
 * must name this folder.
 */
final class ServerProcess {
  private static final String MAIN_CLASS = "io.kurve.dist.Kurve";
  private static final String READY_FILE = "--ready-file";
  private static final String ENDED = "ended";
  private static final Duration KILL_PATIENCE = Duration.ofSeconds(10);

  private final Layout layout;
  private final String name;

  /** What earlier starts had logged. */
  private long logBytesBefore;

  private @Nullable Process started;

  ServerProcess(Layout layout, String name) {
    this.layout = layout;
    this.name = name;
  }

  String name() {
    return name;
  }

  /** The living process, if it lives. */
  Optional<ProcessHandle> find() {
    return recorded().or(this::unrecorded);
  }

  /** One whose starter was killed before it had noted the pid. */
  private Optional<ProcessHandle> unrecorded() {
    return ProcessHandle.allProcesses().filter(this::isOurs).findFirst();
  }

  /**
   * Known by the ready file, which no other process is told to write (etcd: its data), and by the
   * folder that it has under that path: a copy of a playground has the pids of the original, and in
   * another container the same path is another folder.
   */
  private boolean isOurs(ProcessHandle handle) {
    List<String> words = commandLine(handle);
    if (!words.contains(MAIN_CLASS) && (words.isEmpty() || !EtcdServer.isEtcd(words))) {
      return false;
    }
    int mark = words.indexOf(words.contains(MAIN_CLASS) ? READY_FILE : EtcdServer.DATA_OPTION) + 1;
    if (mark == 0 || mark == words.size()) {
      return false;
    }
    Path root = Path.of("/proc", Long.toString(handle.pid()), "root");
    Path folder = Path.of("/").relativize(Path.of(words.get(mark))).getParent();
    try {
      return folder != null && Files.isSameFile(root.resolve(folder), layout.process(name));
    } catch (IOException e) {
      return false; // it ended, or the folder is not there
    }
  }

  /** A volume host that a playground in this folder has started, and that lives. */
  static Optional<String> livingHost(Layout layout) {
    return living(layout, Roles.VOLUME_HOST)
        .map(pid -> "its volume host, process " + pid + ", serves on");
  }

  static Optional<String> livingKeeper(Layout layout) {
    return living(layout, Roles.KEEPER)
        .map(pid -> "its keeper, process " + pid + ", decides for it");
  }

  private static Optional<Long> living(Layout layout, String role) {
    return ProcessHandle.allProcesses()
        .filter(handle ->
            runOf(commandLine(handle), role)
                .filter(run -> run.startsWith(layout.directory()))
                .isPresent())
        .findFirst()
        .map(ProcessHandle::pid);
  }

  /** The folders of those that root runs on this machine, from their first process on. */
  static List<Path> playgroundsOfRoot() {
    return ProcessHandle.allProcesses()
        .filter(ServerProcess::isOfRootHere)
        .map(ServerProcess::commandLine)
        .filter(words -> words.contains(MAIN_CLASS))
        .flatMap(words -> valueOf(words, READY_FILE).stream())
        .map(ready -> real(ready.resolve("../..").normalize()))
        .filter(folder -> Files.exists(Settings.file(folder)))
        .distinct()
        .toList();
  }

  /** In other containers there are other devices. */
  private static boolean isOfRootHere(ProcessHandle handle) {
    Path process = Path.of("/proc", Long.toString(handle.pid()));
    Path mounts = Path.of("ns/mnt");
    try {
      return Files.getAttribute(process, "unix:uid").equals(0)
          && Files.readSymbolicLink(process.resolve(mounts))
              .equals(Files.readSymbolicLink(Path.of("/proc/self").resolve(mounts)));
    } catch (IOException e) {
      return false; // it ended, or is nobody's business
    }
  }

  /** The run folders of all volume hosts of this machine. */
  static List<Path> livingHostRuns() {
    return ProcessHandle.allProcesses()
        .flatMap(handle -> runOf(commandLine(handle), Roles.VOLUME_HOST).stream())
        .distinct()
        .map(ServerProcess::real)
        .toList();
  }

  /** As the kernel names what is mounted in it. */
  private static Path real(Path run) {
    try {
      return run.toRealPath();
    } catch (IOException gone) {
      return run;
    }
  }

  private static Optional<Path> runOf(List<String> words, String wanted) {
    int role = words.indexOf(MAIN_CLASS) + 1;
    return role > 0 && role < words.size() && words.get(role).equals(wanted)
        ? valueOf(words, "--run-dir")
        : Optional.empty();
  }

  private static Optional<Path> valueOf(List<String> words, String option) {
    int value = words.indexOf(option) + 1;
    return value > 0 && value < words.size()
        ? Optional.of(Path.of(words.get(value)))
        : Optional.empty();
  }

  private static List<String> commandLine(ProcessHandle handle) {
    try {
      Path file = Path.of("/proc", Long.toString(handle.pid()), "cmdline");
      return List.of(new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\0", -1));
    } catch (IOException ended) {
      return List.of();
    }
  }

  private Optional<ProcessHandle> recorded() {
    Path file = layout.pidFile(name);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      String[] words = Files.readString(file).strip().split(" ", 2);
      return words.length < 2
          ? Optional.empty()
          : ProcessHandle.of(Long.parseLong(words[0]))
              .filter(handle -> !words[1].equals(ENDED) && startOf(handle).equals(words[1]))
              .filter(this::isOurs);
    } catch (IOException | NumberFormatException e) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          file + " can't be read: " + e.getMessage(),
          "remove it once no Kurve process of this playground runs",
          e);
    }
  }

  /** What an earlier one left must not be taken for this one's. */
  void forgetEarlier() throws IOException {
    Files.createDirectories(layout.process(name));
    Files.deleteIfExists(layout.readyFile(name));
    Path log = layout.logFile(name);
    logBytesBefore = Files.exists(log) ? Files.size(log) : 0;
  }

  /** {@code kurve ROLE ARGUMENTS} with this JVM's own Java and class path, and its own log. */
  List<String> command(String role, List<String> arguments, List<String> javaFlags) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(inheritedFlags());
    command.addAll(javaFlags);
    // A server that has lost a thread for want of memory must not live on as half of one.
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("-Dlogback.configurationFile=logback-playground.xml");
    command.add("-Dkurve.log.file=" + layout.logFile(name));
    command.add(FolderWatch.flag(layout, name));
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(MAIN_CLASS);
    command.add(role);
    command.addAll(arguments);
    return command;
  }

  ProcessHandle start(List<String> command) throws IOException {
    forgetEarlier();
    ProcessBuilder builder = new ProcessBuilder(command);
    // The C library keeps freed memory for each arena; two are enough for so few native threads.
    builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
    Process process =
        builder
            .redirectErrorStream(true)
            .redirectOutput(layout.outFile(name).toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .start();
    started = process;
    Files.writeString(
        layout.pidFile(name), process.pid() + " " + startOf(process.toHandle()) + "\n");
    return process.toHandle();
  }

  /** What every Kurve process needs of its JVM, as the launcher gave it to this one. */
  private static List<String> inheritedFlags() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag ->
            flag.startsWith("--")
                || flag.startsWith("-D")
                || flag.startsWith("-XX:AOTCache=")
                || flag.startsWith("-Xlog:"))
        .filter(flag -> !flag.startsWith("-DKURVE_LOG") && !flag.startsWith("-Dkurve.command="))
        .toList();
  }

  /** Waits for the ready file. */
  void awaitReady(ProcessHandle handle, Duration limit) throws IOException, InterruptedException {
    awaitReady(handle, limit, () -> Files.exists(layout.readyFile(name)));
  }

  /** Waits for it; says how the process ended when it does. */
  void awaitReady(ProcessHandle handle, Duration limit, BooleanSupplier ready)
      throws IOException, InterruptedException {
    Instant end = Instant.now().plus(limit);
    while (!ready.getAsBoolean()) {
      if (!isAlive(handle)) {
        throw new KurveException(
            whyItEnded(),
            name + " ended while it started: " + lastWords(),
            "see `kurve playground logs "
                + name
                + " --dir "
                + ShellWord.of(layout.directory())
                + "`");
      }
      if (Instant.now().isAfter(end)) {
        throw new KurveException(
            ErrorCode.DEADLINE_EXCEEDED,
            name + " is not ready after " + limit.toSeconds() + " s: " + lastWords(),
            "see `kurve playground logs "
                + name
                + " --dir "
                + ShellWord.of(layout.directory())
                + "`");
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  /** As it says itself, if this command started it. */
  private ErrorCode whyItEnded() throws InterruptedException {
    Process ended = started;
    return ended != null && ended.waitFor(5, TimeUnit.SECONDS)
        ? codeOf(ended.exitValue())
        : ErrorCode.UNAVAILABLE;
  }

  static ErrorCode codeOf(int exitValue) {
    return Stream.of(ErrorCode.REFUSED, ErrorCode.IN_USE, ErrorCode.NO_SPACE, ErrorCode.UNSUPPORTED)
        .filter(code -> ExitCode.of(code).number() == exitValue)
        .findFirst()
        .orElse(ErrorCode.UNAVAILABLE);
  }

  /** Asks the process to end, then makes it. */
  void stop(Duration patience) throws IOException, InterruptedException {
    stopAll(List.of(this), patience);
  }

  /** All of them at once: each takes its time to end. */
  static void stopAll(List<ServerProcess> processes, Duration patience)
      throws IOException, InterruptedException {
    Instant end = Instant.now().plus(patience);
    Map<ServerProcess, Optional<ProcessHandle>> found = new LinkedHashMap<>();
    for (ServerProcess process : processes) {
      Optional<ProcessHandle> living = process.find();
      living.ifPresent(ProcessHandle::destroy);
      found.put(process, living);
    }
    for (Map.Entry<ServerProcess, Optional<ProcessHandle>> each : found.entrySet()) {
      each.getKey().end(each.getValue(), end);
    }
  }

  private void end(Optional<ProcessHandle> asked, Instant limit)
      throws IOException, InterruptedException {
    if (asked.isPresent() && !hasEnded(asked.get(), limit)) {
      asked.get().destroyForcibly();
      if (!hasEnded(asked.get(), Instant.now().plus(KILL_PATIENCE))) {
        throw new KurveException(
            ErrorCode.IN_USE,
            name + " (pid " + asked.get().pid() + ") does not end: it waits in the kernel",
            "run the command again; see " + layout.logFile(name));
      }
    }
    Files.deleteIfExists(layout.pidFile(name));
    Files.deleteIfExists(layout.readyFile(name));
  }

  private static boolean hasEnded(ProcessHandle handle, Instant limit) throws InterruptedException {
    while (isAlive(handle)) {
      if (Instant.now().isAfter(limit)) {
        return false;
      }
      TimeUnit.MILLISECONDS.sleep(10);
    }
    return true;
  }

  /** For the JVM one that has ended lives on until its parent, seconds later perhaps, hears it. */
  private static boolean isAlive(ProcessHandle handle) {
    return handle.isAlive() && !startOf(handle).equals(ENDED);
  }

  private String lastWords() throws IOException {
    return LastWords.of(
        lines(layout.outFile(name), 0), lines(layout.logFile(name), logBytesBefore));
  }

  private static List<String> lines(Path file, long from) throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    byte[] all = Files.readAllBytes(file);
    int start = all.length < from ? 0 : (int) from; // it was rotated
    return new String(all, start, all.length - start, StandardCharsets.UTF_8).lines().toList();
  }

  /** In clock ticks since boot, as the kernel has it: the same for whoever asks. */
  private static String startOf(ProcessHandle handle) {
    Path stat = Path.of("/proc", Long.toString(handle.pid()), "stat");
    try {
      String[] fields = fields(stat);
      return isOver(fields) && allThreadsAreOver(handle) ? ENDED : fields[19];
    } catch (IOException | DirectoryIteratorException e) {
      return ENDED;
    }
  }

  /** The first thread's state is the process': others may wait in the kernel still. */
  private static boolean allThreadsAreOver(ProcessHandle handle) throws IOException {
    Path tasks = Path.of("/proc", Long.toString(handle.pid()), "task");
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
      for (Path thread : threads) {
        if (!hasThreadEnded(thread.resolve("stat"))) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean hasThreadEnded(Path stat) {
    try {
      return isOver(fields(stat));
    } catch (IOException e) {
      return true; // it went meanwhile
    }
  }

  private static boolean isOver(String[] fields) {
    return fields[0].equals("Z") || fields[0].equals("X");
  }

  /** From the state on. */
  private static String[] fields(Path stat) throws IOException {
    String line = Files.readString(stat);
    return line.substring(line.lastIndexOf(')') + 2).split(" ");
  }
}
