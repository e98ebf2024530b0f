package io.kurve.cli.playground;

import io.kurve.core.metadata.HostAndPort;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** The command lines of the servers in a playground. */
final class ServerArguments {
  private final Layout layout;
  private final Settings settings;

  ServerArguments(Layout layout, Settings settings) {
    this.layout = layout;
    this.settings = settings;
  }

  /**
   * Tells the MDS to make the cluster until one has served; from then on a lost store is an error.
   *
   * @param store where the metadata is
   */
  List<String> mds(String name, List<String> store, HostAndPort address, HostAndPort metrics) {
    List<String> arguments = common(name);
    arguments.addAll(store);
    arguments.addAll(
        List.of(
            "--bind", address.host(),
            "--port", Integer.toString(address.port()),
            "--metrics-port", Integer.toString(metrics.port()),
            "--grace", Integer.toString(settings.shape().graceSeconds())));
    if (!Files.exists(layout.bornFile())) {
      arguments.addAll(
          List.of(
              "--bootstrap",
              "--replicas",
              "3",
              "--chunkservers",
              Integer.toString(settings.disks()),
              "--copysets",
              Integer.toString(settings.copysets()),
              "--retention",
              "0"));
    }
    return arguments;
  }

  /**
   * @param ports for data, control and metrics
   */
  List<String> chunkserver(String name, List<HostAndPort> mds, List<HostAndPort> ports) {
    List<String> arguments = common(name);
    arguments.addAll(
        List.of(
            "--store", layout.disk(name).toString(),
            "--mds", list(mds),
            "--failure-domain", name,
            "--disk-name", name,
            "--bind", ports.get(0).host(),
            "--data-port", Integer.toString(ports.get(0).port()),
            "--control-port", Integer.toString(ports.get(1).port()),
            "--metrics-port", Integer.toString(ports.get(2).port())));
    return arguments;
  }

  List<String> volumeHost(String name, List<HostAndPort> mds, HostAndPort metrics) {
    List<String> arguments = common(name);
    arguments.addAll(
        List.of(
            "--mds", list(mds),
            "--host", name,
            "--run-dir", layout.run(name).toString(),
            "--socket", layout.socket(name).toString(),
            "--link-dir", Machine.LINKS.toString(),
            "--keeper", layout.keeperSocket(name).toString(),
            "--metrics", metrics.toString()));
    return arguments;
  }

  /** To be followed by the host's whole command. */
  List<String> keeper(String name, String host) {
    return List.of(
        "--socket",
        layout.keeperSocket(host).toString(),
        "--run-dir",
        layout.run(host).toString(),
        "--ready-file",
        layout.readyFile(name).toString(),
        "--output",
        layout.outFile(host).toString(),
        "--");
  }

  private static String list(List<HostAndPort> addresses) {
    return String.join(",", addresses.stream().map(HostAndPort::toString).toList());
  }

  private List<String> common(String name) {
    return new ArrayList<>(
        List.of(
            "--cluster-id", settings.cluster().toString(),
            "--key-file", layout.keyFile().toString(),
            "--ready-file", layout.readyFile(name).toString()));
  }
}
