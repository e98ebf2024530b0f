package io.kurve.cli.command;

import io.kurve.cli.Connections;
import io.kurve.cli.output.Table;
import io.kurve.core.metadata.ClusterInspection.DiskInfo;
import io.kurve.core.unit.ByteSize;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kurve disk …}. */
@Command(
    name = "disk",
    description = "Shows the cluster's disks.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
public final class DiskCommand {
  private final Session session;

  public DiskCommand(Session session) {
    this.session = session;
  }

  record DiskView(
      long chunkserver,
      String store,
      String server,
      String disk,
      String state,
      String address,
      long totalBytes,
      long usedBytes,
      int copysets,
      int leaders,
      Instant lastHeard) {
    static DiskView of(DiskInfo disk) {
      return new DiskView(
          disk.replica().chunkserver().value(),
          disk.replica().store().toString(),
          disk.server(),
          disk.diskName(),
          disk.state().name().toLowerCase(Locale.ROOT),
          disk.addresses().data().toString(),
          disk.totalBytes(),
          disk.usedBytes(),
          disk.copysets(),
          disk.leaders(),
          disk.lastHeard());
    }
  }

  @Command(
      name = "list",
      description = "Shows each disk, its chunkserver, its state and how full it is.",
      mixinStandardHelpOptions = true)
  int list(@Mixin ClusterOptions cluster, @Mixin OutputOption output) {
    List<DiskInfo> disks =
        Connections.await(
            session.connections().cluster(cluster.cluster()).inspection().disks(),
            Duration.ofSeconds(30),
            "the MDS");
    session
        .console()
        .result(
            output.json(),
            Map.of("disks", disks.stream().map(DiskView::of).toList()),
            () -> {
              Table table =
                  new Table(
                      "DISK", "SERVER", "STATE", "USED", "SIZE", "COPYSETS", "LEADERS", "NUMBER");
              disks.forEach(disk ->
                  table.row(
                      disk.diskName(),
                      disk.server(),
                      disk.state().name().toLowerCase(Locale.ROOT),
                      new ByteSize(disk.usedBytes()),
                      new ByteSize(disk.totalBytes()),
                      disk.copysets(),
                      disk.leaders(),
                      disk.replica().chunkserver()));
              return table.toString();
            });
    return 0;
  }
}
