package io.kurve.cli.playground;

import io.kurve.cli.config.ClusterFile;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where a playground keeps what.
 *
 * <pre>
 *   D/playground.properties      what it was made with
 *   D/kurve.yaml, D/cluster.key  how to reach it
 *   D/NAME/pid                   "pid start-time": whom to signal, and nobody else
 *   D/NAME/log, log.1, log.2     its log, the older parts numbered; they do not grow on
 *   D/NAME/out                   what it prints besides: why it did not start, its JVM's last words
 *   D/NAME/ready                 written by the process when it serves
 *   D/mds-1/metadata/            the metadata store, or
 *   D/etcd-1/data/               that of all MDS
 *   D/chunkserver-N/disk         the store of one chunkserver
 *   D/host-N/run/                mounts of a volume host, its socket and its keeper's
 *   D/keeper-N/                  of the process that starts host-N
 *   D/lock                       held by the command that changes something
 *   D/destroying                 its removal has begun
 *   D/born                       the cluster has been made: never again
 *   D/attachments                "volume host" a line: what up attaches again
 *   D/attachments.lock           held while that is changed
 * </pre>
 */
public record Layout(Path directory) {
  /** In a host's run folder; no longer than the host's own: there is a limit. */
  static final String KEEPER_SOCKET = "fd.sock";

  Path keyFile() {
    return directory.resolve("cluster.key");
  }

  public Path clusterFile() {
    return directory.resolve(ClusterFile.NAME);
  }

  Path process(String name) {
    return directory.resolve(name);
  }

  Path pidFile(String name) {
    return process(name).resolve("pid");
  }

  Path logFile(String name) {
    return process(name).resolve("log");
  }

  /** What there can be of a log and its process's output, the oldest first. */
  List<Path> logs(String name) {
    return Stream.of("log.2", "log.1", "log", "out").map(process(name)::resolve).toList();
  }

  Path outFile(String name) {
    return process(name).resolve("out");
  }

  Path readyFile(String name) {
    return process(name).resolve("ready");
  }

  Path metadata(String mds) {
    return process(mds).resolve("metadata");
  }

  Path etcdData(String etcd) {
    return process(etcd).resolve("data");
  }

  /** There once an MDS of this playground has served. */
  Path bornFile() {
    return directory.resolve("born");
  }

  Path disk(String chunkserver) {
    return process(chunkserver).resolve("disk");
  }

  Path run(String host) {
    return process(host).resolve("run");
  }

  public Path socket(String host) {
    return run(host).resolve("api.sock");
  }

  public Path keeperSocket(String host) {
    return run(host).resolve(KEEPER_SOCKET);
  }

  Path lockFile() {
    return directory.resolve("lock");
  }

  /** There from the beginning of its removal on. */
  Path destroyingFile() {
    return directory.resolve("destroying");
  }

  Path attachments() {
    return directory.resolve("attachments");
  }
}
