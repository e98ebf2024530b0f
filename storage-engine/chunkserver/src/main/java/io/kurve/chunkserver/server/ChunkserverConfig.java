package io.kurve.chunkserver.server;

import io.kurve.chunkserver.service.ReadMode;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.HostAndPort;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a chunkserver is told at its start.
 *
 * @param failureDomain what must differ between the replicas of a copyset: the server's name
 * @param diskName as people call the disk
 * @param reads how its leaders make sure that they lead
 */
public record ChunkserverConfig(
    Path store,
    ClusterId cluster,
    Path keyFile,
    List<HostAndPort> mds,
    Ports ports,
    String failureDomain,
    String diskName,
    ReadMode reads) {

  /**
   * Where it listens; port 0 takes a free one.
   *
   * @param readyFile gets the addresses once all of them are open
   */
  public record Ports(String host, int data, int control, int metrics, Optional<Path> readyFile) {}

  private static final List<String> KEYS =
      List.of(
          "store",
          "cluster-id",
          "key-file",
          "mds",
          "bind",
          "data-port",
          "control-port",
          "metrics-port",
          "failure-domain",
          "disk-name",
          "reads",
          "ready-file");

  public static final String USAGE =
      """
      kurve chunkserver --store PATH --cluster-id UUID --key-file FILE --mds HOST:PORT[,HOST:PORT...]
        --failure-domain NAME   the server's name: replicas of a copyset are on different ones
        --disk-name NAME        as people call the disk; the name of the store's file if not given
        --reads lease|quorum    whether a leader answers reads under its lease (if not given) or asks
                                a majority first, for machines whose clocks can't be trusted
        --bind HOST             127.0.0.1 if not given
        --data-port N --control-port N --metrics-port N   0, if not given: any free one
        --ready-file FILE       gets the addresses, as properties, once the chunkserver listens\
      """;

  /**
   * @throws KurveException INVALID_ARGUMENT that names everything that is wrong
   */
  public static ChunkserverConfig parse(String... arguments) {
    List<String> errors = new ArrayList<>();
    Map<String, String> given = pairs(arguments, errors);
    Reader in = new Reader(given, errors);
    Optional<Path> store = in.required("store", Path::of);
    Optional<ClusterId> cluster = in.required("cluster-id", ClusterId::parse);
    Optional<Path> keyFile = in.required("key-file", Path::of);
    Optional<List<HostAndPort>> mds = in.required("mds", ChunkserverConfig::addresses);
    Optional<String> domain = in.required("failure-domain", ChunkserverConfig::name);
    Optional<String> disk = in.optional("disk-name", ChunkserverConfig::name);
    Optional<ReadMode> reads = in.optional("reads", ChunkserverConfig::readMode);
    Ports ports =
        new Ports(
            in.optional("bind", ChunkserverConfig::name).orElse("127.0.0.1"),
            in.optional("data-port", ChunkserverConfig::port).orElse(0),
            in.optional("control-port", ChunkserverConfig::port).orElse(0),
            in.optional("metrics-port", ChunkserverConfig::port).orElse(0),
            in.optional("ready-file", Path::of));
    if (!errors.isEmpty()) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT, String.join("; ", errors), "see `kurve chunkserver --help`");
    }
    return new ChunkserverConfig(
        store.orElseThrow(),
        cluster.orElseThrow(),
        keyFile.orElseThrow(),
        mds.orElseThrow(),
        ports,
        domain.orElseThrow(),
        disk.orElseGet(() -> String.valueOf(store.orElseThrow().getFileName())),
        reads.orElse(ReadMode.LEASE));
  }

  private static Map<String, String> pairs(String[] arguments, List<String> errors) {
    Map<String, String> given = new LinkedHashMap<>();
    for (int i = 0; i < arguments.length; i += 2) {
      String key = arguments[i].startsWith("--") ? arguments[i].substring(2) : "";
      if (!KEYS.contains(key)) {
        errors.add("'" + arguments[i] + "' is none of its options");
      } else if (i + 1 == arguments.length) {
        errors.add("--" + key + " has no value");
      } else if (given.putIfAbsent(key, arguments[i + 1]) != null) {
        errors.add("--" + key + " is given twice");
      }
    }
    return given;
  }

  private static List<HostAndPort> addresses(String text) {
    return Arrays.stream(text.split(",", -1)).map(HostAndPort::parse).toList();
  }

  private static ReadMode readMode(String text) {
    return switch (text) {
      case "lease" -> ReadMode.LEASE;
      case "quorum" -> ReadMode.QUORUM;
      default -> throw new IllegalArgumentException("it is neither lease nor quorum");
    };
  }

  private static String name(String text) {
    if (text.isBlank()) {
      throw new IllegalArgumentException("it is empty");
    }
    return text;
  }

  private static int port(String text) {
    return HostAndPort.parse("port:" + text).port();
  }

  private record Reader(Map<String, String> given, List<String> errors) {
    <T> Optional<T> required(String key, Function<String, T> parse) {
      if (!given.containsKey(key)) {
        errors.add("--" + key + " is missing");
      }
      return optional(key, parse);
    }

    <T> Optional<T> optional(String key, Function<String, T> parse) {
      String text = given.get(key);
      if (text == null) {
        return Optional.empty();
      }
      try {
        return Optional.of(parse.apply(text));
      } catch (IllegalArgumentException e) {
        errors.add("--" + key + " '" + text + "': " + e.getMessage());
        return Optional.empty();
      }
    }
  }
}
