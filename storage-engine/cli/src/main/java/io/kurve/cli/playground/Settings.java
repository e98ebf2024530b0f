package io.kurve.cli.playground;

import io.kurve.cli.config.ClusterFile;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.Properties;

/** What a playground was made with; written before anything else is made, and never changed. */
public record Settings(
    ClusterId cluster, long volumeBytes, long diskBytes, Shape shape, int copysets, int basePort) {
  /** What each version can say; with one MDS on the embedded store the first is written. */
  private static final int VERSION = 1;

  private static final int VERSION_WITH_MDS = 2;
  private static final String GRACE = "grace-seconds";
  private static final String FILE = "playground.properties";

  /**
   * How many processes of each kind.
   *
   * @param etcd whether an etcd is the metadata store, not the MDS itself
   * @param graceSeconds how long a disk may be gone before it is rebuilt on others
   */
  public record Shape(int disks, int hosts, int mds, boolean etcd, int graceSeconds) {
    static final int USUAL_GRACE_SECONDS = 600;

    boolean isUsual() {
      return mds == 1 && !etcd && graceSeconds == USUAL_GRACE_SECONDS;
    }
  }

  int disks() {
    return shape.disks();
  }

  int hosts() {
    return shape.hosts();
  }

  /** Empty when there is no playground in the folder. */
  public static Optional<Settings> read(Path directory) {
    Path file = file(directory);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      properties.load(reader);
      int version = Integer.parseInt(text(properties, "version"));
      if (version < VERSION || version > VERSION_WITH_MDS) {
        throw new IllegalArgumentException(
            "version " + version + ", this software knows up to " + VERSION_WITH_MDS);
      }
      boolean withMds = version == VERSION_WITH_MDS;
      return Optional.of(
          new Settings(
              cluster(text(properties, "cluster")),
              Long.parseLong(text(properties, "volume-bytes")),
              Long.parseLong(text(properties, "disk-bytes")),
              new Shape(
                  Integer.parseInt(text(properties, "disks")),
                  Integer.parseInt(text(properties, "hosts")),
                  withMds ? Integer.parseInt(text(properties, "mds")) : 1,
                  withMds && Boolean.parseBoolean(text(properties, "etcd")),
                  Integer.parseInt(
                      properties.getProperty(GRACE, Integer.toString(Shape.USUAL_GRACE_SECONDS)))),
              Integer.parseInt(text(properties, "copysets")),
              Integer.parseInt(text(properties, "base-port"))));
    } catch (IOException | IllegalArgumentException e) {
      throw new KurveException(
          ErrorCode.BAD_STORE,
          file + " can't be used: " + e.getMessage(),
          "restore the file, or remove the folder if its data is not needed",
          e);
    }
  }

  /** The folder of the playground that a cluster is, if it is one. */
  public static Optional<Path> playgroundOf(ClusterFile cluster) {
    Path directory = cluster.key().resolveSibling(".").normalize();
    return Optional.of(directory).filter(folder -> Files.exists(file(folder)));
  }

  static Path file(Path directory) {
    return directory.resolve(FILE);
  }

  static Path unfinished(Path directory) {
    return directory.resolve(FILE + ".new");
  }

  private static ClusterId cluster(String text) {
    try {
      return ClusterId.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("'cluster' is '" + text + "', which is no UUID", e);
    }
  }

  private static String text(Properties properties, String key) {
    String value = properties.getProperty(key);
    if (value == null) {
      throw new IllegalArgumentException("'" + key + "' is missing");
    }
    return value;
  }

  void write(Path directory) throws IOException {
    Properties properties = new Properties();
    properties.setProperty(
        "version", Integer.toString(shape.isUsual() ? VERSION : VERSION_WITH_MDS));
    if (!shape.isUsual()) {
      properties.setProperty("mds", Integer.toString(shape.mds()));
      properties.setProperty("etcd", Boolean.toString(shape.etcd()));
      properties.setProperty(GRACE, Integer.toString(shape.graceSeconds()));
    }
    properties.setProperty("cluster", cluster.toString());
    properties.setProperty("volume-bytes", Long.toString(volumeBytes));
    properties.setProperty("disk-bytes", Long.toString(diskBytes));
    properties.setProperty("disks", Integer.toString(shape.disks()));
    properties.setProperty("hosts", Integer.toString(shape.hosts()));
    properties.setProperty("copysets", Integer.toString(copysets));
    properties.setProperty("base-port", Integer.toString(basePort));
    Path fresh = unfinished(directory);
    try (Writer writer = Files.newBufferedWriter(fresh, StandardCharsets.UTF_8)) {
      properties.store(writer, "a Kurve playground; not to be edited");
    }
    Files.move(fresh, file(directory), StandardCopyOption.ATOMIC_MOVE);
  }
}
