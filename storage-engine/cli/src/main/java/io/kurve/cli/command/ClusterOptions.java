package io.kurve.cli.command;

import io.kurve.cli.config.ClusterFile;
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
    if (clusterFile != null) {
      return ClusterFile.read(clusterFile);
    }
    if (directory != null) {
      return ClusterFile.read(directory.resolve(ClusterFile.NAME));
    }
    Path here = Path.of(ClusterFile.NAME);
    Path playground = Path.of(DEFAULT_PLAYGROUND).resolve(ClusterFile.NAME);
    return ClusterFile.read(!Files.exists(here) && Files.exists(playground) ? playground : here);
  }

  /** The playground's folder, if one is meant. */
  Path playgroundDirectory() {
    return directory != null ? directory : Path.of(DEFAULT_PLAYGROUND);
  }
}
