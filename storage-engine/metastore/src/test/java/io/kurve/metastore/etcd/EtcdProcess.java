package io.kurve.metastore.etcd;

import io.kurve.core.metadata.HostAndPort;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * An etcd of one member on loopback. A shell stands between: it kills etcd as soon as its own input
 * ends, which happens when this is closed, and also when the JVM of the test dies.
 */
final class EtcdProcess implements AutoCloseable {
  private static final String SHELL =
      "etcd \"$@\" </dev/null & child=$!; echo child $child; read -r _; kill -9 $child; wait $child";

  private final List<String> arguments;
  private final HostAndPort client;
  private Process shell;
  private Queue<String> lines = new ConcurrentLinkedQueue<>();

  private EtcdProcess(List<String> arguments, HostAndPort client) throws Exception {
    this.arguments = arguments;
    this.client = client;
    this.shell = launch();
  }

  static EtcdProcess start(Path directory, String scheme, List<String> more) throws Exception {
    if (List.of(System.getenv("PATH").split(":", -1)).stream()
        .noneMatch(folder -> Files.isExecutable(Path.of(folder, "etcd")))) {
      throw new AssertionError("etcd is missing: apt-get install etcd-server");
    }
    int[] ports = freePorts();
    String clients = scheme + "://127.0.0.1:" + ports[0];
    String peers = "http://127.0.0.1:" + ports[1];
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--name=one",
                "--data-dir=" + directory.resolve("etcd"),
                "--listen-client-urls=" + clients,
                "--advertise-client-urls=" + clients,
                "--listen-peer-urls=" + peers,
                "--initial-advertise-peer-urls=" + peers,
                "--initial-cluster=one=" + peers));
    arguments.addAll(more);
    return new EtcdProcess(arguments, new HostAndPort("127.0.0.1", ports[0]));
  }

  private static int[] freePorts() throws IOException {
    try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket two = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new int[] {one.getLocalPort(), two.getLocalPort()};
    }
  }

  HostAndPort client() {
    return client;
  }

  /** Kills it; its data stays. */
  void kill() throws Exception {
    shell.getOutputStream().close();
    if (!shell.waitFor(20, TimeUnit.SECONDS)) {
      throw new AssertionError("etcd did not die");
    }
  }

  /** Starts it again after it was killed, on the same port and data. */
  void startAgain() throws Exception {
    shell = launch();
  }

  private Process launch() throws Exception {
    List<String> command = new ArrayList<>(List.of("sh", "-c", SHELL, "etcd"));
    command.addAll(arguments);
    Process started = new ProcessBuilder(command).redirectErrorStream(true).start();
    Queue<String> said = new ConcurrentLinkedQueue<>();
    CompletableFuture<Void> ready = new CompletableFuture<>();
    Thread.ofVirtual().name("etcd-output").start(() -> read(started, said, ready));
    lines = said;
    try {
      ready.get(30, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      started.getOutputStream().close();
      throw new AssertionError(
          "etcd is not ready after 30 s; it said:\n" + String.join("\n", said), e);
    }
    return started;
  }

  private static void read(Process etcd, Queue<String> said, CompletableFuture<Void> ready) {
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(etcd.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        said.add(line);
        if (line.contains("ready to serve client requests")) {
          ready.complete(null);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Stops it without ending it, and lets it go on. */
  void signal(String name) throws Exception {
    String child =
        lines.stream().filter(line -> line.startsWith("child ")).findFirst().orElseThrow();
    Process kill =
        new ProcessBuilder("sh", "-c", "kill -" + name + " " + child.substring(6)).start();
    if (kill.waitFor() != 0) {
      throw new AssertionError("kill -" + name + " failed");
    }
  }

  @Override
  public void close() throws Exception {
    kill();
  }
}
