package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kurve.dist.process.Shell.Result;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A playground for one test; closing it removes all of it, also after a failure. */
final class TestPlayground implements AutoCloseable {
  private final Path directory;
  private final Path mountPoint;

  private TestPlayground(Path directory) {
    this.directory = directory;
    this.mountPoint = directory.resolveSibling("mnt");
  }

  /** Makes one with these options of up besides the folder. */
  static TestPlayground up(Path folder, String... options) throws Exception {
    TestPlayground playground = new TestPlayground(folder.resolve("playground"));
    try {
      playground.upAgain(options);
      return playground;
    } catch (AssertionError | Exception e) {
      playground.close();
      throw e;
    }
  }

  Path directory() {
    return directory;
  }

  void upAgain(String... options) throws Exception {
    kurve(
            Stream.concat(Stream.of("playground", "up", "--yes"), Stream.of(options))
                .toArray(String[]::new))
        .ok();
  }

  /** Runs a command with {@code --dir}. */
  Result kurve(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--dir");
    all.add(directory.toString());
    return Shell.kurve(all.toArray(String[]::new));
  }

  /** A command that runs while the test goes on. */
  Shell.Running start(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(Shell.ROOT.resolve("kurve").toString()));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--dir", directory.toString()));
    return Shell.start(all.toArray(String[]::new));
  }

  JsonNode json(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("-o");
    all.add("json");
    return new ObjectMapper().readTree(kurve(all.toArray(String[]::new)).ok().out());
  }

  JsonNode status() throws Exception {
    return json("playground", "status");
  }

  String device() throws Exception {
    return status().get("device").asText();
  }

  JsonNode process(String name) throws Exception {
    for (JsonNode process : status().get("processes")) {
      if (process.get("name").asText().equals(name)) {
        return process;
      }
    }
    throw new AssertionError("no process " + name);
  }

  /** Asking takes a second or more while the machine is busy: to kill under load, ask before. */
  ProcessHandle handle(String name) throws Exception {
    return ProcessHandle.of(process(name).get("pid").asLong()).orElseThrow();
  }

  List<ProcessHandle> handles() throws Exception {
    List<ProcessHandle> handles = new ArrayList<>();
    for (JsonNode process : status().get("processes")) {
      handles.add(ProcessHandle.of(process.get("pid").asLong()).orElseThrow());
    }
    return handles;
  }

  void kill9(String name) throws Exception {
    kill9(handle(name));
  }

  static void kill9(ProcessHandle process) throws Exception {
    assertThat(process.destroyForcibly()).isTrue();
    process.onExit().get();
  }

  /** Sends a signal: STOP, CONT. */
  static void signal(ProcessHandle process, String signal) throws Exception {
    Shell.run("kill", "-" + signal, Long.toString(process.pid())).ok();
  }

  /** All are there, and the cluster is well. */
  void awaitWhole() throws Exception {
    awaitHealth("ok", Duration.ofSeconds(60));
    assertThat(status().get("processes")).allMatch(process -> process.get("pid").isNumber());
  }

  Set<Long> pids() throws Exception {
    return handles().stream().map(ProcessHandle::pid).collect(Collectors.toSet());
  }

  String health() throws Exception {
    return json("cluster", "status").get("health").asText();
  }

  void awaitHealth(String wanted, Duration limit) throws Exception {
    Deadline.await(limit, "health is " + wanted, () -> health().equals(wanted));
  }

  /**
   * The sum of a metric of one process over the series that have this text in their labels; 0 while
   * there is none.
   */
  double metric(String processName, String metric, String labels) throws Exception {
    return metricAt(process(processName).get("metrics").asText(), metric, labels);
  }

  /** The same of who serves its metrics there: asking for that takes long while a process hangs. */
  static double metricAt(String address, String metric, String labels) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      String text =
          http.send(
                  HttpRequest.newBuilder(URI.create("http://" + address + "/metrics"))
                      .timeout(Duration.ofSeconds(10))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body();
      Matcher matcher =
          Pattern.compile("(?m)^" + Pattern.quote(metric) + "(\\{[^}]*\\})? ([-0-9.eE+]+)$")
              .matcher(text);
      assertThat(text).contains("# TYPE " + metric + " ");
      double sum = 0;
      while (matcher.find()) {
        if (matcher.group(1) == null || matcher.group(1).contains(labels)) {
          sum += Double.parseDouble(matcher.group(2));
        }
      }
      return sum;
    }
  }

  Path mount() throws Exception {
    Files.createDirectories(mountPoint);
    Shell.run("mount", device(), mountPoint.toString()).ok();
    return mountPoint;
  }

  void unmount() throws Exception {
    Shell.run("umount", mountPoint.toString()).ok();
  }

  String log(String process) throws IOException {
    return Files.readString(directory.resolve(process).resolve("log"));
  }

  @Override
  public void close() throws Exception {
    if (Files.readString(Path.of("/proc/self/mounts")).contains(" " + mountPoint + " ")) {
      Result detached = kurve("volume", "detach", "demo", "--force");
      Shell.run("umount", mountPoint.toString());
      assertThat(detached.err()).isNotNull();
    }
    if (Files.exists(directory.resolve("playground.properties"))) {
      Result destroyed = kurve("playground", "destroy", "--yes");
      assertThat(destroyed.exit()).as(destroyed.err()).isZero();
    }
    assertNothingLeft();
  }

  private void assertNothingLeft() throws Exception {
    assertThat(Files.exists(directory)).as("the playground's folder").isFalse();
    assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain(directory.toString());
    assertThat(Shell.run("losetup", "-a").ok().out()).doesNotContain(directory.toString());
    String mine = directory.toString();
    Deadline.await(
        Duration.ofSeconds(5),
        "etcd and its watch are gone",
        () ->
            ProcessHandle.allProcesses()
                .map(process -> commandLine(process.pid()))
                .noneMatch(line -> line.contains(mine) && line.contains("etcd\0--name")));
    assertThat(
            ProcessHandle.allProcesses()
                .filter(process -> commandLine(process.pid()).contains(mine))
                .filter(process -> commandLine(process.pid()).contains("io.kurve.dist.Kurve")))
        .as("processes")
        .isEmpty();
  }

  static String commandLine(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/cmdline"));
    } catch (IOException e) {
      return "";
    }
  }
}
