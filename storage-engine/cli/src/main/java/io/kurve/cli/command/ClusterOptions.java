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
    Path file = file();
    if (clusterFile == null && !Files.exists(file)) {
      throw directory == null ? noneHere() : noPlayground(directory);
    }
    return ClusterFile.read(file);
  }

  private static KurveException noneHere() {
    return new KurveException(
        ErrorCode.NOT_FOUND,
        "no cluster is here: there is no ./%s and no playground in ./%s"
            .formatted(ClusterFile.NAME, DEFAULT_PLAYGROUND),
        "make one with `kurve playground`, or name one: a playground's folder with --dir D, a"
            + " cluster's file with --cluster FILE");
  }

  static KurveException noPlayground(Path directory) {
    return new KurveException(
        ErrorCode.NOT_FOUND,
        directory.toAbsolutePath().normalize() + " has no playground",
        "make one with `kurve playground up`, or name its folder with --dir");
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
