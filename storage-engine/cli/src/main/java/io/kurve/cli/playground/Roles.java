package io.kurve.cli.playground;

import io.kurve.core.metadata.HostAndPort;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The processes of a playground: their names, ports and arguments. Ports follow each other from the
 * base port, three for each process: the first MDS, chunkservers, hosts, other MDS, etcd.
 */
final class Roles {
  /** One process as it is to be started; a keeper has no ports but its host's. */
  record Spec(
      String role,
      String name,
      HostAndPort address,
      HostAndPort metrics,
      Path store,
      List<String> arguments,
      List<String> javaFlags) {}

  static final String ETCD = "etcd";
  static final String MDS = "mds";
  static final String VOLUME_HOST = "volume-host";
  static final String KEEPER = "keeper";
  private static final String LOOPBACK = "127.0.0.1";
  private static final int PORTS_EACH = 3;

  /**
   * What replicas may hold in memory at most. G1 leaves the buffers of large writes where they are,
   * while other collectors copy them around, and its periodic collection gives the heap back once a
   * chunkserver idles. It marks late, because nearly all that fills the heap is such buffers, which
   * any collection of the young generation frees. Netty's search for leaked buffers takes stack
   * traces; tests have it.
   */
  private static final List<String> CHUNKSERVER_FLAGS =
      List.of(
          "-Xms64m",
          "-Xmx640m",
          "-XX:MaxDirectMemorySize=256m",
          "-XX:+UseG1GC",
          "-XX:G1PeriodicGCInterval=20000",
          "-XX:InitiatingHeapOccupancyPercent=85",
          "-XX:-G1UseAdaptiveIHOP",
          "-XX:-ClassUnloadingWithConcurrentMark",
          "-Dio.netty.leakDetection.level=disabled");

  private final Layout layout;
  private final Settings settings;
  private final ServerArguments arguments;

  Roles(Layout layout, Settings settings) {
    this.layout = layout;
    this.settings = settings;
    this.arguments = new ServerArguments(layout, settings);
  }

  /** How many ports a playground of this shape needs, from its base port. */
  static int ports(Settings.Shape shape) {
    return PORTS_EACH * (shape.mds() + shape.disks() + shape.hosts() + (shape.etcd() ? 1 : 0));
  }

  /** Which host a keeper starts. */
  static String hostOf(String keeper) {
    return "host" + keeper.substring(keeper.indexOf('-'));
  }

  List<HostAndPort> mdsAddresses() {
    return IntStream.rangeClosed(1, settings.shape().mds()).mapToObj(this::mdsAddress).toList();
  }

  private HostAndPort mdsAddress(int number) {
    return port(mdsPlace(number), 0);
  }

  /** The others come after all that was there when there was only one. */
  private int mdsPlace(int number) {
    return number == 1 ? 0 : settings.disks() + settings.hosts() + number - 1;
  }

  List<Spec> all() {
    List<Spec> all = new ArrayList<>(etcd());
    all.addAll(mds());
    all.addAll(chunkservers());
    for (Spec host : hosts()) {
      all.add(keeperOf(host));
      all.add(host);
    }
    return all;
  }

  /** Starts that host, and holds its devices while another one takes its place. */
  Spec keeperOf(Spec host) {
    String name = KEEPER + host.name().substring(host.name().indexOf('-'));
    return new Spec(
        KEEPER,
        name,
        host.address(),
        host.metrics(),
        host.store(),
        arguments.keeper(name, host.name()),
        List.of("-Xms16m", "-Xmx32m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
  }

  List<Spec> etcd() {
    if (!settings.shape().etcd()) {
      return List.of();
    }
    String name = "etcd-1";
    HostAndPort metrics = etcdPort(2);
    return List.of(
        new Spec(
            ETCD,
            name,
            etcdPort(0),
            metrics,
            layout.etcdData(name),
            EtcdServer.arguments(layout.etcdData(name), List.of(etcdPort(0), etcdPort(1), metrics)),
            List.of()));
  }

  private HostAndPort etcdPort(int which) {
    return port(settings.disks() + settings.hosts() + settings.shape().mds(), which);
  }

  List<Spec> mds() {
    return IntStream.rangeClosed(1, settings.shape().mds()).mapToObj(this::mds).toList();
  }

  private Spec mds(int number) {
    String name = "mds-" + number;
    HostAndPort metrics = port(mdsPlace(number), 1);
    List<String> store =
        settings.shape().etcd()
            ? List.of("--metastore", "etcd:" + etcdPort(0))
            : List.of("--data-dir", layout.metadata(name).toString());
    return new Spec(
        MDS,
        name,
        mdsAddress(number),
        metrics,
        settings.shape().etcd() ? layout.etcdData("etcd-1") : layout.metadata(name),
        arguments.mds(name, store, mdsAddress(number), metrics),
        List.of("-Xmx256m", "-XX:+UseSerialGC"));
  }

  List<Spec> chunkservers() {
    return IntStream.rangeClosed(1, settings.disks()).mapToObj(this::chunkserver).toList();
  }

  private Spec chunkserver(int number) {
    String name = "chunkserver-" + number;
    return new Spec(
        "chunkserver",
        name,
        port(number, 0),
        port(number, 2),
        layout.disk(name),
        arguments.chunkserver(
            name, mdsAddresses(), List.of(port(number, 0), port(number, 1), port(number, 2))),
        CHUNKSERVER_FLAGS);
  }

  List<Spec> hosts() {
    return IntStream.rangeClosed(1, settings.hosts()).mapToObj(this::host).toList();
  }

  private Spec host(int number) {
    String name = "host-" + number;
    HostAndPort metrics = port(settings.disks() + number, 0);
    return new Spec(
        VOLUME_HOST,
        name,
        metrics,
        metrics,
        layout.run(name),
        arguments.volumeHost(name, mdsAddresses(), metrics),
        List.of("-Xms256m", "-Xmx256m", "-XX:MaxDirectMemorySize=512m", "-XX:+UseSerialGC"));
  }

  private HostAndPort port(int process, int which) {
    return new HostAndPort(LOOPBACK, settings.basePort() + PORTS_EACH * process + which);
  }
}
