package io.kurve.cli.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.HostAndPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a cluster is and how to prove that one belongs to it.
 *
 * <pre>
 * mds: ["127.0.0.1:7400"]     # all MDS addresses
 * cluster: 3f0c…              # the cluster's id
 * key: cluster.key            # path of the key, relative to this file
 * </pre>
 */
public record ClusterFile(List<HostAndPort> mds, ClusterId cluster, Path key) {
  public static final String NAME = "kurve.yaml";

  private record Yaml(@Nullable List<String> mds, @Nullable String cluster, @Nullable String key) {}

  public static ClusterFile read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new KurveException(
          ErrorCode.NOT_FOUND,
          Files.isDirectory(file)
              ? file + " is a folder"
              : file + (Files.exists(file) ? " is no file" : " does not exist"),
          "name the cluster's file with --cluster FILE, or a playground's folder with --dir D");
    }
    ObjectMapper mapper =
        new YAMLMapper()
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, true)
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
    try {
      Yaml yaml = mapper.readValue(file.toFile(), Yaml.class);
      return new ClusterFile(
          addresses(file, required(file, "mds", yaml == null ? null : yaml.mds())),
          cluster(file, required(file, "cluster", yaml == null ? null : yaml.cluster())),
          file.toAbsolutePath()
              .resolveSibling(required(file, "key", yaml == null ? null : yaml.key())));
    } catch (UnrecognizedPropertyException e) {
      throw invalid(file, "has an unknown key '" + e.getPropertyName() + "'", e);
    } catch (JsonMappingException e) {
      throw invalid(file, doubled(e).orElseGet(() -> "is not such a file: " + misplaced(e)), e);
    } catch (JsonProcessingException e) {
      throw invalid(
          file,
          doubled(e).orElseGet(() -> "is not such a file: " + where(e) + " can't be read as YAML"),
          e);
    } catch (IOException e) {
      throw new KurveException(
          ErrorCode.UNAVAILABLE, file + " can't be read: " + e.getMessage(), "", e);
    }
  }

  public void write(Path file) throws IOException {
    Files.writeString(
        file,
        """
        # How commands find this cluster: pass this file with --cluster FILE.
        mds: [%s]
        cluster: %s
        key: %s
        """
            .formatted(
                String.join(", ", mds.stream().map(address -> "\"" + address + "\"").toList()),
                cluster,
                file.toAbsolutePath().resolve("..").normalize().relativize(key.toAbsolutePath())));
  }

  /** Without the words of the parser, which are about its own classes. */
  private static String misplaced(JsonMappingException e) {
    if (e.getCause() instanceof JsonProcessingException) {
      return where(e) + " can't be read as YAML";
    }
    return e.getPath().isEmpty()
        ? "it has no keys"
        : "the value of '%s' in %s is of another kind"
            .formatted(e.getPath().getFirst().getFieldName(), where(e));
  }

  private static Optional<String> doubled(JsonProcessingException e) {
    return String.valueOf(e.getOriginalMessage()).startsWith("Duplicate field")
        ? Optional.of("has the key of " + where(e) + " twice")
        : Optional.empty();
  }

  private static String where(JsonProcessingException e) {
    return e.getLocation() == null ? "it" : "line " + e.getLocation().getLineNr();
  }

  private static List<HostAndPort> addresses(Path file, List<String> texts) {
    try {
      return texts.stream().map(HostAndPort::parse).toList();
    } catch (IllegalArgumentException e) {
      throw invalid(file, "has a wrong address in 'mds': " + e.getMessage(), e);
    }
  }

  private static ClusterId cluster(Path file, String text) {
    try {
      return ClusterId.parse(text);
    } catch (IllegalArgumentException e) {
      throw invalid(file, "has the 'cluster' '" + text + "', which is no UUID", e);
    }
  }

  private static <T> T required(Path file, String name, @Nullable T value) {
    if (value == null) {
      throw invalid(file, "lacks the key '" + name + "'", null);
    }
    return value;
  }

  private static KurveException invalid(Path file, String what, @Nullable Throwable cause) {
    return new KurveException(
        ErrorCode.INVALID_ARGUMENT,
        file + " " + what,
        "its keys are mds (a list of host:port), cluster (an id) and key (a path)",
        cause);
  }
}
