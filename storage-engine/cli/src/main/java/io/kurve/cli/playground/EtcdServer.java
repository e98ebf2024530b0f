package io.kurve.cli.playground;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.HostAndPort;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The machine's own etcd, as the metadata store of a playground: one member, on loopback.
 *
 * <p>Should the playground's folder be removed under it, a child of etcd's ends it: no command
 * could find it any more.
 */
final class EtcdServer {
  static final String DATA_OPTION = "--data-dir";
  private static final String PROGRAM = "etcd";
  private static final String PACKAGE = "etcd-server";
  private static final int CONNECT_MILLIS = 500;

  /** Looks after the folder $0 as long as its parent, which becomes etcd, lives. */
  private static final String WITH_A_WATCH =
      """
      while read -r _ _ _ parent _ </proc/self/stat && [ "$parent" = $$ ]; do
        [ -d "$0" ] || kill -9 $$
        sleep 1
      done &
      exec "$@"
      """;

  private EtcdServer() {}

  /**
   * @param ports for clients, members and metrics
   */
  static List<String> arguments(Path data, List<HostAndPort> ports) {
    String clients = "http://" + ports.get(0);
    String peers = "http://" + ports.get(1);
    return List.of(
        "--name=playground",
        DATA_OPTION,
        data.toString(),
        "--listen-client-urls=" + clients,
        "--advertise-client-urls=" + clients,
        "--listen-peer-urls=" + peers,
        "--initial-advertise-peer-urls=" + peers,
        "--initial-cluster=playground=" + peers,
        "--listen-metrics-urls=http://" + ports.get(2),
        "--logger=zap",
        "--log-level=warn");
  }

  /**
   * @throws KurveException when the machine has none
   */
  static List<String> command(Path data, List<String> arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "sh",
                "-c",
                WITH_A_WATCH,
                data.resolveSibling(".").normalize().toString(),
                program().toString()));
    command.addAll(arguments);
    return command;
  }

  static Path program() {
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.concat(Stream.of(path.split(":", -1)), Stream.of("/usr/bin", "/usr/local/bin"))
        .filter(folder -> !folder.isBlank())
        .map(folder -> Path.of(folder, PROGRAM))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(() ->
            new KurveException(
                ErrorCode.UNSUPPORTED,
                "--etcd needs the program etcd, which is not on the PATH",
                "install it (apt-get install " + PACKAGE + "), or leave --etcd away"));
  }

  static boolean isEtcd(List<String> commandLine) {
    String program = commandLine.getFirst();
    return program.equals(PROGRAM) || program.endsWith("/" + PROGRAM);
  }

  /** Whether it takes connections; it may still be reading its data. */
  static boolean listens(HostAndPort address) {
    try (Socket probe = new Socket()) {
      probe.connect(new InetSocketAddress(address.host(), address.port()), CONNECT_MILLIS);
      return true;
    } catch (IOException notYet) {
      return false;
    }
  }
}
