package io.kurve.blockdev.host;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.HostAndPort;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The volume host's command line: {@code --name value} pairs.
 *
 * @param mds all of them, one leads
 * @param host the name under which its attachments are known to the cluster
 * @param readyFile written when the API can be used
 */
public record VolumeHostArguments(
    List<HostAndPort> mds,
    ClusterId clusterId,
    Path keyFile,
    String host,
    Places places,
    HostAndPort metrics,
    Path readyFile) {
  static final String HELP =
      """
      Usage: kurve volume-host --mds HOST:PORT[,...] --cluster-id ID --key-file FILE --host NAME
               --run-dir DIR --socket FILE --metrics HOST:PORT --ready-file FILE [--link-dir DIR]
               [--keeper FILE]
        --mds HOST:PORT,...  all MDS
        --cluster-id ID      the cluster's UUID
        --key-file FILE      the cluster's key
        --host NAME          under which the cluster knows this host's attachments
        --run-dir DIR        for its mounts, one host at a time
        --socket FILE        unix socket of its API
        --metrics HOST:PORT  /metrics, /healthz and /readyz
        --ready-file FILE    gets the address of the metrics when the API serves
        --link-dir DIR       where the devices get stable names (/dev/kurve)
        --keeper FILE        socket of the keeper that starts this host and holds its devices; without
                             one they die with it
      """;

  private static final String DEFAULT_LINK_DIRECTORY = "/dev/kurve";
  private static final Set<String> REQUIRED =
      Set.of("mds", "cluster-id", "key-file", "host", "run-dir", "socket", "metrics", "ready-file");
  private static final String LINK_DIRECTORY = "link-dir";
  private static final String KEEPER = "keeper";

  /**
   * @param run this host's own; two hosts can't share one
   * @param socket of the API
   * @param links where the devices' stable names are made
   * @param keeper its socket
   */
  public record Places(Path run, Path socket, Path links, Optional<Path> keeper) {}

  /**
   * @throws KurveException INVALID_ARGUMENT with all that is wrong
   */
  public static VolumeHostArguments parse(String... arguments) {
    Map<String, String> values = new TreeMap<>();
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < arguments.length; i += 2) {
      String name = arguments[i].startsWith("--") ? arguments[i].substring(2) : arguments[i];
      if (!REQUIRED.contains(name) && !name.equals(LINK_DIRECTORY) && !name.equals(KEEPER)) {
        problems.add("unknown: " + arguments[i]);
      } else if (i + 1 == arguments.length) {
        problems.add("no value: " + arguments[i]);
      } else {
        values.put(name, arguments[i + 1]);
      }
    }
    Set<String> missing = new TreeSet<>(REQUIRED);
    missing.removeAll(values.keySet());
    missing.forEach(name -> problems.add("missing: --" + name));
    if (!problems.isEmpty()) {
      throw wrong(String.join(", ", problems));
    }
    try {
      return of(values);
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  private static VolumeHostArguments of(Map<String, String> values) {
    return new VolumeHostArguments(
        Arrays.stream(value(values, "mds").split(",", -1)).map(HostAndPort::parse).toList(),
        ClusterId.parse(value(values, "cluster-id")),
        Path.of(value(values, "key-file")),
        value(values, "host"),
        new Places(
            Path.of(value(values, "run-dir")),
            Path.of(value(values, "socket")),
            Path.of(values.getOrDefault(LINK_DIRECTORY, DEFAULT_LINK_DIRECTORY)),
            Optional.ofNullable(values.get(KEEPER)).map(Path::of)),
        HostAndPort.parse(value(values, "metrics")),
        Path.of(value(values, "ready-file")));
  }

  private static String value(Map<String, String> values, String name) {
    String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException("missing: --" + name);
    }
    return value;
  }

  private static KurveException wrong(String what) {
    return new KurveException(
        ErrorCode.INVALID_ARGUMENT,
        "the volume host's command line is wrong: " + what,
        "see `kurve volume-host --help`");
  }
}
