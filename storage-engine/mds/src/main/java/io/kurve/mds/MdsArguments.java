package io.kurve.mds;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.core.unit.TimeSpan;
import io.kurve.mds.repair.RepairPolicy;
import io.kurve.metastore.etcd.EtcdAccess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The command line of {@code kurve mds}. */
record MdsArguments(
    Metastore metastore,
    Place place,
    ClusterId cluster,
    Path keyFile,
    Optional<Birth> bootstrap,
    RepairPolicy repair,
    Optional<Path> readyFile) {
  static final String HELP =
      """
      Usage: kurve mds --data-dir DIR --cluster-id ID --key-file FILE [options]
             kurve mds --metastore etcd:HOST:PORT[,...] --cluster-id ID --key-file FILE [options]

        --data-dir DIR       the embedded metadata store; made if missing, one process at a time
        --metastore etcd:HOST:PORT[,HOST:PORT...]
                             the members of an etcd cluster instead, for several MDS of which one
                             leads; each cluster has keys of its own in it
        --etcd-ca FILE       speak TLS with etcd; its certificates are signed by this one (PEM)
        --etcd-cert FILE, --etcd-key FILE
                             own certificate and key (PEM, PKCS 8), where etcd asks for one
        --etcd-login FILE    with the lines user=NAME and password=WORD, readable by its owner only
        --cluster-id ID      the cluster's UUID; another cluster's store is refused
        --key-file FILE      the cluster's key
        --bind HOST          where to listen (127.0.0.1)
        --port N             control plane (7400; 0 takes a free one)
        --advertise HOST:PORT  where others find it, which standbys tell (bind and port)
        --metrics-port N     /metrics, /healthz and /readyz (7401; 0 takes a free one)
        --grace S            a disk may be silent for S seconds before its replicas are rebuilt on
                             other disks (600)
        --bootstrap          make the cluster, once; with it:
          --replicas N         of each copyset (3)
          --chunkservers N     that must have registered before the pool is made (3)
          --copysets N         of the pool (16)
          --overcommit F       the sizes of all volumes may be F times what the pool holds (1.0)
          --retention TIME     how long a deleted volume can be had back (24h; 0: not at all)
        --ready-file FILE    gets pid, address and metrics, a line each, when the MDS serves, or
                             stands by for another that leads
      """;

  private static final String ETCD = "etcd:";
  private static final Set<String> FLAGS = Set.of("--bootstrap");
  private static final Set<String> OPTIONS =
      Set.of(
          "--data-dir",
          "--metastore",
          "--etcd-ca",
          "--etcd-cert",
          "--etcd-key",
          "--etcd-login",
          "--advertise",
          "--cluster-id",
          "--key-file",
          "--bind",
          "--port",
          "--metrics-port",
          "--replicas",
          "--chunkservers",
          "--copysets",
          "--grace",
          "--overcommit",
          "--retention",
          "--ready-file");

  record Birth(int replicas, int chunkservers, int copysets, VolumePolicy policy) {}

  /**
   * @param advertised to be told to others, if that is not where it listens
   */
  record Place(HostAndPort listen, HostAndPort metrics, Optional<HostAndPort> advertised) {}

  /** Where the cluster's state is. */
  sealed interface Metastore {
    /** In the words of an error. */
    String shown();

    record Embedded(Path directory) implements Metastore {
      @Override
      public String shown() {
        return "the metadata store in " + directory;
      }
    }

    record Etcd(List<HostAndPort> members, Optional<EtcdAccess.Tls> tls, Optional<Path> login)
        implements Metastore {
      @Override
      public String shown() {
        return "etcd at " + String.join(", ", members.stream().map(HostAndPort::toString).toList());
      }
    }
  }

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
    Place place =
        new Place(
            new HostAndPort(host, number(given, "--port", 7400, 0, 65535)),
            new HostAndPort(host, number(given, "--metrics-port", 7401, 0, 65535)),
            Optional.ofNullable(given.get("--advertise")).map(MdsArguments::address));
    Metastore metastore = metastore(given);
    if (metastore instanceof Metastore.Etcd
        && place.listen().port() == 0
        && place.advertised().isEmpty()) {
      throw invalid("--port 0 with etcd needs --advertise: others must find this MDS");
    }
    return new MdsArguments(
        metastore,
        place,
        cluster(required(given, "--cluster-id")),
        Path.of(required(given, "--key-file")),
        birth,
        RepairPolicy.standard()
            .withGrace(Duration.ofSeconds(number(given, "--grace", 600, 1, 1_000_000))),
        Optional.ofNullable(given.get("--ready-file")).map(Path::of));
  }

  private static VolumePolicy policy(Map<String, String> given) {
    String overcommit = given.get("--overcommit");
    String retention = given.get("--retention");
    try {
      return new VolumePolicy(
          overcommit == null
              ? VolumePolicy.STANDARD.overcommitPercent()
              : VolumePolicy.overcommitPercent(overcommit),
          retention == null ? VolumePolicy.STANDARD.retention() : TimeSpan.parse(retention));
    } catch (IllegalArgumentException wrong) {
      throw invalid(String.valueOf(wrong.getMessage()));
    }
  }

  private static Metastore metastore(Map<String, String> given) {
    String wanted = given.get("--metastore");
    if (wanted == null) {
      List.of("--etcd-ca", "--etcd-cert", "--etcd-key", "--etcd-login").stream()
          .filter(given::containsKey)
          .findFirst()
          .ifPresent(option -> {
            throw invalid(option + " is for --metastore etcd:HOST:PORT");
          });
      return new Metastore.Embedded(Path.of(required(given, "--data-dir")));
    }
    if (given.containsKey("--data-dir")) {
      throw invalid("--data-dir is for the embedded metadata store, not for --metastore");
    }
    if (!wanted.startsWith(ETCD)) {
      throw invalid("--metastore " + wanted + " is not etcd:HOST:PORT[,HOST:PORT...]");
    }
    List<HostAndPort> members =
        List.of(wanted.substring(ETCD.length()).split(",", -1)).stream()
            .map(MdsArguments::address)
            .toList();
    return new Metastore.Etcd(
        members, tls(given), Optional.ofNullable(given.get("--etcd-login")).map(Path::of));
  }

  private static Optional<EtcdAccess.Tls> tls(Map<String, String> given) {
    boolean own = given.containsKey("--etcd-cert");
    if (own != given.containsKey("--etcd-key")) {
      throw invalid("--etcd-cert and --etcd-key belong together");
    }
    if (!given.containsKey("--etcd-ca")) {
      if (own) {
        throw invalid("--etcd-cert needs --etcd-ca");
      }
      return Optional.empty();
    }
    return Optional.of(
        new EtcdAccess.Tls(
            Path.of(required(given, "--etcd-ca")),
            own
                ? Optional.of(
                    new EtcdAccess.Own(
                        Path.of(required(given, "--etcd-cert")),
                        Path.of(required(given, "--etcd-key"))))
                : Optional.empty()));
  }

  private static HostAndPort address(String text) {
    try {
      return HostAndPort.parse(text.strip());
    } catch (IllegalArgumentException notAnAddress) {
      throw invalid(String.valueOf(notAnAddress.getMessage()));
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
    return new KurveException(ErrorCode.INVALID_ARGUMENT, text, "see `kurve mds --help`");
  }
}
