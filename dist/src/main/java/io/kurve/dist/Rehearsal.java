package io.kurve.dist;

import io.kurve.chunkserver.server.ChunkserverMain;
import io.kurve.chunkserver.server.StoreCreation;
import io.kurve.chunkserver.store.FormatRequest;
import io.kurve.chunkserver.store.StoreIdentity;
import io.kurve.cli.KurveCli;
import io.kurve.cli.config.ClusterFile;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.disk.Preallocation;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.unit.ByteSize;
import io.kurve.mds.MdsMain;
import io.kurve.protocol.handshake.ClusterKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.UUID;

/**
 * A whole cluster in one JVM that works for some seconds on small disks in an empty folder: what
 * the launcher lets the JVM watch after a build, so that commands and servers start with their
 * classes loaded and the profiles of their hot methods known (the JVM's AOT cache). Measured on two
 * cores: a command takes half the time, and the first 30 seconds of a fresh cluster's writes cost
 * two thirds of the CPU.
 */
final class Rehearsal {
  private static final String LOOPBACK = "127.0.0.1";
  private static final int CHUNKSERVERS = 3;
  private static final ByteSize DISK = new ByteSize(512L << 20);
  private static final String SECONDS = "6";

  private final Path folder;
  private final ClusterId cluster = new ClusterId(UUID.randomUUID());

  private Rehearsal(Path folder) {
    this.folder = folder;
  }

  /** The exit code of the last command that was rehearsed. */
  static int run(Path folder) throws IOException {
    return new Rehearsal(folder).run();
  }

  private int run() throws IOException {
    Path key = folder.resolve("cluster.key");
    ClusterKey.create(key);
    Path mdsReady = folder.resolve("mds.ready");
    MdsMain.main(
        with(
            mdsReady,
            "--data-dir",
            folder.resolve("mds").toString(),
            "--port",
            "0",
            "--metrics-port",
            "0",
            "--bootstrap"));
    HostAndPort mds = HostAndPort.parse(property(mdsReady, "address"));
    for (int number = 1; number <= CHUNKSERVERS; number++) {
      String name = "chunkserver-" + number;
      Path store = folder.resolve(name);
      format(store);
      ChunkserverMain.main(
          with(
              folder.resolve(name + ".ready"),
              "--store",
              store.toString(),
              "--mds",
              mds.toString(),
              "--failure-domain",
              name,
              "--bind",
              LOOPBACK));
    }
    Path file = folder.resolve(ClusterFile.NAME);
    new ClusterFile(List.of(mds), cluster, key).write(file);
    String name = file.toString();
    int code = bench(name, "randwrite", "4KiB");
    code = Math.max(code, bench(name, "randread", "4KiB"));
    code = Math.max(code, bench(name, "write", "512KiB"));
    return Math.max(
        code, KurveCli.run(new String[] {"cluster", "status", "-o", "json", "--cluster", name}));
  }

  private static int bench(String file, String operation, String size) {
    return KurveCli.run(
        new String[] {
          "bench",
          "--cluster",
          file,
          "--op",
          operation,
          "--size",
          size,
          "--depth",
          "8",
          "--seconds",
          SECONDS,
          "--warm-up",
          "0",
          "--volume-size",
          "64MiB"
        });
  }

  private void format(Path store) throws IOException {
    new Preallocation().createFile(store, DISK);
    Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    try (Disk disk = FileDisk.open(store)) {
      StoreCreation.format(
          disk, FormatRequest.of(new StoreIdentity(cluster, new StoreId(UUID.randomUUID()), now)));
    }
  }

  private String[] with(Path ready, String... more) {
    List<String> all = new ArrayList<>(List.of(more));
    all.addAll(
        List.of(
            "--cluster-id",
            cluster.toString(),
            "--key-file",
            folder.resolve("cluster.key").toString(),
            "--ready-file",
            ready.toString()));
    return all.toArray(String[]::new);
  }

  private static String property(Path file, String name) throws IOException {
    Properties properties = new Properties();
    try (var reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    }
    return properties.getProperty(name);
  }
}
