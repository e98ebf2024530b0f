package io.kurve.mds;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.VolumePolicy;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The command line of {@code kurve mds}. */
record MdsArguments(
    Path dataDirectory,
    HostAndPort listen,
    HostAndPort metrics,
    ClusterId cluster,
    Path keyFile,
    Optional<Birth> bootstrap,
    Optional<Path> readyFile) {
  static final String HELP =
      """
      Usage: kurve mds --data-dir DIR --cluster-id ID --key-file FILE [options]

        --data-dir DIR       the embedded metadata store; made if missing, one process at a time
        --cluster-id ID      the cluster's UUID; another cluster's store is refused
        --key-file FILE      the cluster's key
        --bind HOST          where to listen (127.0.0.1)
        --port N             control plane (7400; 0 takes a free one)
        --metrics-port N     /metrics, /healthz and /readyz (7401; 0 takes a free one)
        --bootstrap          make the cluster, once; with it:
          --replicas N         of each copyset (3)
          --chunkservers N     that must have registered before the pool is made (3)
          --copysets N         of the pool (16)
          --overcommit F       the sizes of all volumes may be F times what the pool holds (1.0)
        --ready-file FILE    gets pid, address and metrics, a line each, when the MDS serves
      """;

  private static final Set<String> FLAGS = Set.of("--bootstrap");
  private static final Set<String> OPTIONS =
      Set.of(
          "--data-dir",
          "--cluster-id",
          "--key-file",
          "--bind",
          "--port",
          "--metrics-port",
          "--replicas",
          "--chunkservers",
          "--copysets",
          "--overcommit",
          "--ready-file");

  record Birth(int replicas, int chunkservers, int copysets, VolumePolicy policy) {}

  /**
   * @throws KurveException INVALID_ARGUMENT
   */
  static MdsArguments parse(List<String> arguments) {
    Map<String, String> given = new HashMap<>();
    Deque<String> left = new ArrayDeque<>(arguments);
    while (!left.isEmpty()) {
      String name = left.remove();
      if (FLAGS.contains(name)) {
        given.put(name, "");
      } else if (OPTIONS.contains(name) && !left.isEmpty()) {
        given.put(name, left.remove());
      } else {
        throw invalid(
            OPTIONS.contains(name) ? name + " needs a value" : "'" + name + "' is no option");
      }
    }
    String host = given.getOrDefault("--bind", "127.0.0.1");
    Optional<Birth> birth =
        given.containsKey("--bootstrap")
            ? Optional.of(
                new Birth(
                    number(given, "--replicas", 3, 1, 7),
                    number(given, "--chunkservers", 3, 1, 10_000),
                    number(given, "--copysets", 16, 1, 4096),
                    policy(given)))
            : Optional.empty();
    return new MdsArguments(
        Path.of(required(given, "--data-dir")),
        new HostAndPort(host, number(given, "--port", 7400, 0, 65535)),
        new HostAndPort(host, number(given, "--metrics-port", 7401, 0, 65535)),
        cluster(required(given, "--cluster-id")),
        Path.of(required(given, "--key-file")),
        birth,
        Optional.ofNullable(given.get("--ready-file")).map(Path::of));
  }

  private static VolumePolicy policy(Map<String, String> given) {
    String overcommit = given.get("--overcommit");
    try {
      return new VolumePolicy(
          overcommit == null
              ? VolumePolicy.STANDARD.overcommitPercent()
              : VolumePolicy.overcommitPercent(overcommit),
          VolumePolicy.STANDARD.retention());
    } catch (IllegalArgumentException wrong) {
      throw invalid(String.valueOf(wrong.getMessage()));
    }
  }

  private static ClusterId cluster(String text) {
    try {
      return ClusterId.parse(text);
    } catch (IllegalArgumentException notAnId) {
      throw invalid("--cluster-id '" + text + "' is not a UUID");
    }
  }

  private static String required(Map<String, String> given, String name) {
    String value = given.get(name);
    if (value == null || value.isBlank()) {
      throw invalid(name + " is missing");
    }
    return value;
  }

  private static int number(
      Map<String, String> given, String name, int standard, int least, int most) {
    String text = given.get(name);
    if (text == null) {
      return standard;
    }
    try {
      int value = Integer.parseInt(text);
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException notANumber) {
      throw invalid(name + " " + text + " is not a number from " + least + " to " + most);
    }
    throw invalid(name + " " + text + " is not a number from " + least + " to " + most);
  }

  private static KurveException invalid(String text) {
    return new KurveException(ErrorCode.INVALID_ARGUMENT, text, "see: kurve mds --help");
  }
}
