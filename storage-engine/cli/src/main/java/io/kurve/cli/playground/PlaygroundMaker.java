package io.kurve.cli.playground;

import io.kurve.blockdev.posix.MountTable;
import io.kurve.chunkserver.store.StoreLayout;
import io.kurve.cli.config.ClusterFile;
import io.kurve.cli.output.ShellWord;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.PoolCapacity;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import io.kurve.core.unit.TimeSpan;
import io.kurve.protocol.handshake.ClusterKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Makes a playground's folder, or finds what one was made with. Checks before it makes anything.
 */
public final class PlaygroundMaker {
  private static final long DEFAULT_VOLUME_BYTES = 4L << 30;
  private static final long DEFAULT_DISK_BYTES = 8L << 30;

  /** A measurement's own volume: the usual one leaves room for it. */
  private static final long MEASUREMENT_BYTES = 1L << 30;

  private static final int DEFAULT_DISKS = 3;
  private static final int COPYSETS = 16;
  private static final int REPLICAS = 3;
  private static final long MINIMUM_DISK_BYTES = 512L << 20;

  private static final long MAXIMUM_DISK_BYTES = 64L << 40;

  /** What an MDS takes. */
  private static final long MAXIMUM_VOLUME_BYTES = 256L << 40;

  private static final int MAX_SOCKET_PATH_BYTES = 107;

  /** For metadata and logs. */
  private static final long SPARE_BYTES = 256L << 20;

  /** What the command line says; empty: as it is, or the default. */
  public record Wanted(
      Optional<Long> volumeBytes,
      Optional<Long> diskBytes,
      Optional<Integer> disks,
      Optional<Integer> hosts,
      Optional<Integer> basePort,
      Metadata metadata,
      Optional<Duration> grace) {}

  /**
   * @param etcd asked for; else as it is, or not
   */
  public record Metadata(Optional<Integer> mds, boolean etcd) {}

  private final Layout layout;
  private final Consumer<String> progress;

  public PlaygroundMaker(Layout layout, Consumer<String> progress) {
    this.layout = layout;
    this.progress = progress;
  }

  public Settings findOrMake(Wanted wanted) throws IOException {
    Optional<Settings> found = Settings.read(layout.directory());
    if (found.isPresent()) {
      refuseHalfDestroyed();
      refuseOtherShape(found.get(), wanted);
      return found.get();
    }
    Settings settings = settings(wanted);
    refuseLongPath(settings.hosts());
    refuseStrangersFolder();
    refuseTooLittleDisk(settings);
    progress.accept("making a playground in " + layout.directory() + " ...");
    Files.createDirectories(layout.directory());
    Files.deleteIfExists(layout.destroyingFile());
    settings.write(layout.directory());
    return settings;
  }

  private void refuseHalfDestroyed() {
    if (Files.exists(layout.destroyingFile())) {
      throw new KurveException(
          ErrorCode.REFUSED,
          "the playground in " + layout.directory() + " is half destroyed",
          "finish it with `kurve playground destroy --dir "
              + ShellWord.of(layout.directory())
              + " --yes`");
    }
  }

  private void refuseLongPath(int hosts) {
    Path socket = layout.socket("host-" + hosts);
    int bytes = socket.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_SOCKET_PATH_BYTES) {
      throw invalid(
          "the path of a unix socket has at most "
              + MAX_SOCKET_PATH_BYTES
              + " bytes, and "
              + socket
              + " has "
              + bytes,
          "name a folder with a shorter path with --dir");
    }
  }

  private void refuseOtherShape(Settings made, Wanted wanted) {
    List<String> differences = new ArrayList<>();
    wanted
        .volumeBytes()
        .map(bytes -> rounded(bytes, "the volume"))
        .filter(bytes -> bytes != made.volumeBytes())
        .ifPresent(bytes -> differences.add(sizes("--size", made.volumeBytes(), bytes)));
    wanted
        .diskBytes()
        .filter(bytes -> bytes != made.diskBytes())
        .ifPresent(bytes -> differences.add(sizes("--disk-size", made.diskBytes(), bytes)));
    wanted
        .disks()
        .filter(count -> count != made.disks())
        .ifPresent(count -> differences.add("--disks " + made.disks() + ", not " + count));
    wanted
        .hosts()
        .filter(count -> count != made.hosts())
        .ifPresent(count -> differences.add("--hosts " + made.hosts() + ", not " + count));
    wanted
        .metadata()
        .mds()
        .filter(count -> count != made.shape().mds())
        .ifPresent(count -> differences.add("--mds " + made.shape().mds() + ", not " + count));
    if (wanted.metadata().etcd() && !made.shape().etcd()) {
      differences.add("no --etcd");
    }
    wanted
        .grace()
        .filter(grace -> grace.toSeconds() != made.shape().graceSeconds())
        .ifPresent(grace ->
            differences.add(
                "--grace "
                    + TimeSpan.toHuman(Duration.ofSeconds(made.shape().graceSeconds()))
                    + ", not "
                    + TimeSpan.toHuman(grace)));
    wanted
        .basePort()
        .filter(port -> port != made.basePort())
        .ifPresent(port -> differences.add("--base-port " + made.basePort() + ", not " + port));
    if (!differences.isEmpty()) {
      throw new KurveException(
          ErrorCode.ALREADY_EXISTS,
          "the playground in "
              + layout.directory()
              + " was made with "
              + String.join(" and ", differences),
          "leave these options away, or make another one with --dir");
    }
  }

  private static String sizes(String option, long made, long wanted) {
    return option + " " + new ByteSize(made).toHuman() + ", not " + new ByteSize(wanted).toHuman();
  }

  private Settings settings(Wanted wanted) {
    long diskBytes = wanted.diskBytes().orElse(DEFAULT_DISK_BYTES);
    int disks = wanted.disks().orElse(DEFAULT_DISKS);
    int hosts = wanted.hosts().orElse(1);
    if (diskBytes < MINIMUM_DISK_BYTES || diskBytes > MAXIMUM_DISK_BYTES) {
      throw invalid(
          "--disk-size is " + new ByteSize(diskBytes).toHuman(),
          "give at least "
              + new ByteSize(MINIMUM_DISK_BYTES).toHuman()
              + " and at most "
              + new ByteSize(MAXIMUM_DISK_BYTES).toHuman());
    }
    if (disks < 3 || disks > 9) {
      throw invalid("--disks is " + disks, "three replicas need 3 to 9 disks");
    }
    if (hosts < 1 || hosts > 9) {
      throw invalid("--hosts is " + hosts, "give 1 to 9");
    }
    Settings.Shape shape =
        new Settings.Shape(
            disks,
            hosts,
            mds(wanted.metadata()),
            wanted.metadata().etcd(),
            wanted
                .grace()
                .map(PlaygroundMaker::seconds)
                .orElse(Settings.Shape.USUAL_GRACE_SECONDS));
    long volumeBytes = volumeBytes(wanted.volumeBytes(), new ByteSize(diskBytes), disks);
    int ports = Roles.ports(shape);
    ClusterId cluster = new ClusterId(UUID.randomUUID());
    int basePort;
    if (wanted.basePort().isPresent()) {
      basePort = wanted.basePort().get();
      if (basePort < 1024 || basePort + ports > 65536) {
        throw invalid("--base-port is " + basePort, "give one between 1024 and " + (65536 - ports));
      }
      Ports.requireFree(basePort, ports);
    } else {
      basePort = Ports.free(ports, cluster.value().hashCode());
    }
    return new Settings(cluster, volumeBytes, diskBytes, shape, COPYSETS, basePort);
  }

  private static int seconds(Duration grace) {
    if (grace.toSeconds() < 1 || grace.toDays() > 7) {
      throw invalid("--grace is " + TimeSpan.toHuman(grace), "give 1s to 7d");
    }
    return Math.toIntExact(grace.toSeconds());
  }

  private static int mds(Metadata wanted) {
    int mds = wanted.mds().orElse(1);
    if (mds < 1 || mds > 5) {
      throw invalid("--mds is " + mds, "give 1 to 5");
    }
    if (mds > 1 && !wanted.etcd()) {
      throw invalid(
          "--mds " + mds + " needs --etcd: the embedded metadata store is for one MDS",
          "give --etcd too, or leave --mds away");
    }
    if (wanted.etcd()) {
      var _ = EtcdServer.program();
    }
    return mds;
  }

  /**
   * As wanted, if the disks hold it; else the usual one, if they hold a measurement's too; else
   * half of what they hold.
   */
  private long volumeBytes(Optional<Long> wanted, ByteSize disk, int disks) {
    long volume = rounded(wanted.orElse(DEFAULT_VOLUME_BYTES), "--size");
    if (volume == 0) {
      throw invalid("--size is 0", "give at least 16MiB");
    }
    if (volume > MAXIMUM_VOLUME_BYTES) {
      throw invalid(
          "--size is " + new ByteSize(volume).toHuman(),
          "give at most " + new ByteSize(MAXIMUM_VOLUME_BYTES).toArgument());
    }
    if (wanted.isPresent() && wanted.get() != volume) {
      progress.accept(
          "--size %s is rounded up to %s, the next multiple of 16 MiB"
              .formatted(new ByteSize(wanted.get()).toExact(), new ByteSize(volume).toExact()));
    }
    ByteSize capacity = capacity(disk, disks);
    if ((wanted.isPresent() && volume <= capacity.bytes())
        || volume + MEASUREMENT_BYTES <= capacity.bytes()) {
      return volume;
    }
    if (wanted.isPresent()) {
      throw new KurveException(
          ErrorCode.NO_SPACE,
          "a volume of %s does not fit on %d disks of %s, which hold %s"
              .formatted(new ByteSize(volume).toExact(), disks, disk.toExact(), capacity.toExact()),
          "give a --size of at most " + capacity.toArgument() + ", or a larger --disk-size");
    }
    ByteSize half = new ByteSize(capacity.bytes() / 2).roundUpTo(Geometry.VOLUME_GRANULE_BYTES);
    progress.accept(
        "the volume gets %s, half of what disks of %s hold; --size sets another"
            .formatted(half.toExact(), disk.toExact()));
    return half.bytes();
  }

  /** Of the pool that such disks make, each a failure domain of its own. */
  static ByteSize capacity(ByteSize disk, int disks) {
    StoreLayout layout = StoreLayout.of(disk, OptionalLong.empty(), OptionalLong.empty());
    long usable = PoolCapacity.usableSlots(layout.slotCount());
    return PoolCapacity.of(Collections.nCopies(disks, usable), REPLICAS);
  }

  private static long rounded(long bytes, String what) {
    if (bytes > Long.MAX_VALUE / 2) {
      throw invalid(what + " is too large", "give a size below 4 EiB");
    }
    return new ByteSize(bytes).roundUpTo(Geometry.VOLUME_GRANULE_BYTES).bytes();
  }

  private static KurveException invalid(String what, String cure) {
    return new KurveException(ErrorCode.INVALID_ARGUMENT, what, cure);
  }

  private void refuseStrangersFolder() throws IOException {
    if (!Files.exists(layout.directory())) {
      return;
    }
    if (!Files.isDirectory(layout.directory())) {
      throw new KurveException(
          ErrorCode.ALREADY_EXISTS,
          layout.directory() + " is no folder",
          "name a folder with --dir; it is made if it is missing");
    }
    try (Stream<Path> files = Files.list(layout.directory())) {
      Optional<Path> stranger = files.filter(file -> !isOurLeftover(file)).findFirst();
      if (stranger.isPresent()) {
        throw new KurveException(
            ErrorCode.ALREADY_EXISTS,
            layout.directory() + " is not empty and no playground: " + stranger.get().getFileName(),
            "name another folder with --dir");
      }
    }
  }

  /** What a command that was killed at its very beginning or end leaves. */
  private boolean isOurLeftover(Path file) {
    return file.equals(layout.lockFile())
        || file.equals(layout.destroyingFile())
        || file.equals(Settings.unfinished(layout.directory()));
  }

  private void refuseTooLittleDisk(Settings settings) throws IOException {
    Path there = layout.directory();
    while (!Files.exists(there)) {
      there = there.resolve("..").normalize();
    }
    FileStore disk = Files.getFileStore(there);
    long needed =
        Math.addExact(Math.multiplyExact(settings.diskBytes(), settings.disks()), SPARE_BYTES);
    if (disk.getUsableSpace() < needed) {
      throw new KurveException(
          ErrorCode.NO_SPACE,
          "%d disks of %s need %s, but %s has %s free"
              .formatted(
                  settings.disks(),
                  new ByteSize(settings.diskBytes()).toHuman(),
                  new ByteSize(needed).toHuman(),
                  there,
                  new ByteSize(disk.getUsableSpace()).toHuman()),
          "give a smaller --disk-size, or another --dir");
    }
  }

  /** Makes what else is needed before a process can start, as far as it is missing. */
  static void complete(Layout layout, Settings settings) throws IOException {
    if (!Files.exists(layout.keyFile())) {
      if (Files.exists(layout.bornFile())) {
        throw new KurveException(
            ErrorCode.NOT_FOUND,
            "the key of the cluster, " + layout.keyFile() + ", is gone",
            "restore it: nobody can prove to belong to this cluster without it");
      }
      Path unfinished = layout.keyFile().resolveSibling(layout.keyFile().getFileName() + ".new");
      Files.deleteIfExists(unfinished);
      ClusterKey.create(unfinished);
      Files.move(unfinished, layout.keyFile(), StandardCopyOption.ATOMIC_MOVE);
    }
    if (!Files.exists(layout.clusterFile())) {
      new ClusterFile(
              new Roles(layout, settings).mdsAddresses(), settings.cluster(), layout.keyFile())
          .write(layout.clusterFile());
    }
  }

  /** What lies on another file system was not made here. */
  private static void refuseMountsBelow(Path directory) throws IOException {
    for (MountTable.Mount mount : MountTable.own().mounts()) {
      Path point = Path.of(mount.point());
      if (point.startsWith(directory) && !point.equals(directory)) {
        throw new KurveException(
            ErrorCode.IN_USE,
            mount.source() + " is mounted at " + point + ", inside the playground",
            "umount " + point + " first, then destroy again");
      }
    }
  }

  /**
   * Removes all of it. Killed in between it can be done again, and nothing else can be done: the
   * settings are there, and the mark, until the end.
   */
  static void remove(Layout layout) throws IOException {
    refuseMountsBelow(layout.directory().toRealPath());
    if (!Files.exists(layout.destroyingFile())) {
      Files.createFile(layout.destroyingFile());
    }
    Path settings = Settings.file(layout.directory());
    List<Path> last =
        List.of(settings, layout.destroyingFile(), layout.lockFile(), layout.directory());
    List<Path> files;
    try (Stream<Path> tree = Files.walk(layout.directory())) {
      files = tree.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      if (!last.contains(file)) {
        Files.deleteIfExists(file);
      }
    }
    for (Path file : last) {
      Files.deleteIfExists(file);
    }
  }
}
