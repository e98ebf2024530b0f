package io.kurve.cli.command;

import io.kurve.cli.config.ClusterFile;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which cluster a command is for. */
public final class ClusterOptions {
  static final String DEFAULT_PLAYGROUND = "playground";

  @Option(
      names = "--dir",
      paramLabel = "D",
      description = "the folder of a playground (default: ./playground if it is there)")
  @Nullable Path directory;

  @Option(
      names = "--cluster",
      paramLabel = "FILE",
      description = "the cluster's kurve.yaml (default: ./kurve.yaml if it is there)")
  @Nullable Path clusterFile;

  ClusterFile cluster() {
    return ClusterFile.read(file());
  }

  private Path file() {
    if (clusterFile != null && directory != null) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT, "both --cluster and --dir are given", "name one of them");
    }
    if (clusterFile != null) {
      return clusterFile;
    }
    if (directory != null) {
      return directory.resolve(ClusterFile.NAME);
    }
    Path here = Path.of(ClusterFile.NAME);
    Path playground = Path.of(DEFAULT_PLAYGROUND).resolve(ClusterFile.NAME);
    return !Files.exists(here) && Files.exists(playground) ? playground : here;
  }

  /** Where the cluster's file is: if the cluster is a playground, this is its folder. */
  Path playgroundDirectory() {
    return file().toAbsolutePath().resolve("..").normalize();
  }
}
