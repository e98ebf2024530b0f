package io.kurve.cli.command;

import io.kurve.cli.Connections;
import io.kurve.cli.output.Table;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.ClusterInspection.DiskInfo;
import io.kurve.core.unit.ByteSize;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kurve disk …}. */
@Command(
    name = "disk",
    description = "Shows the cluster's disks, and empties them.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
public final class DiskCommand {
  private static final String WHICH = "its name or number, as `kurve disk list` shows them";

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
      Instant lastHeard,
      boolean draining) {
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
          disk.lastHeard(),
          disk.draining());
    }
  }

  record DrainView(String disk, long chunkserver, boolean draining, int copysets) {}

  @Command(
      name = "list",
      description = "Shows each disk, its chunkserver, its state and how full it is.",
      mixinStandardHelpOptions = true)
  int list(@Mixin ClusterOptions cluster, @Mixin OutputOption output) {
    List<DiskInfo> disks = disks(cluster);
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
                      state(disk),
                      new ByteSize(disk.usedBytes()),
                      new ByteSize(disk.totalBytes()),
                      disk.copysets(),
                      disk.leaders(),
                      disk.replica().chunkserver()));
              return table.toString();
            });
    return 0;
  }

  @Command(
      name = "drain",
      description = {
        "Has all that a disk holds moved to disks of other servers, and lets nothing new come.",
        "It goes on by itself, also when an MDS or a disk ends; `kurve cluster status` shows how "
            + "far it is, and says so when there is no disk to go to. What the disk holds is "
            + "served meanwhile. When `kurve disk list` shows it as drained it can be taken away."
      },
      mixinStandardHelpOptions = true)
  int drain(
      @Parameters(paramLabel = "DISK", description = WHICH) String disk,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output) {
    return drain(disk, true, cluster, output);
  }

  @Command(
      name = "undrain",
      description = {
        "Lets a disk keep what it holds, and take more.",
        "Replicas that are on their way go on; what has left does not come back."
      },
      mixinStandardHelpOptions = true)
  int undrain(
      @Parameters(paramLabel = "DISK", description = WHICH) String disk,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output) {
    return drain(disk, false, cluster, output);
  }

  private int drain(String wanted, boolean drains, ClusterOptions cluster, OutputOption output) {
    DiskInfo disk = find(wanted, disks(cluster));
    Connections.await(
        session
            .connections()
            .cluster(cluster.cluster())
            .volumes()
            .drain(disk.replica().chunkserver(), drains),
        VolumeCommand.LIMIT,
        "the MDS");
    session
        .console()
        .result(
            output.json(),
            new DrainView(
                disk.diskName(), disk.replica().chunkserver().value(), drains, disk.copysets()),
            () ->
                drains
                    ? "%s is emptied: replicas of %d copysets move to other disks; `kurve cluster status` tells how far it is"
                        .formatted(disk.diskName(), disk.copysets())
                    : disk.diskName() + " keeps what it holds, and takes more");
    return 0;
  }

  private List<DiskInfo> disks(ClusterOptions cluster) {
    return Connections.await(
        session.connections().cluster(cluster.cluster()).inspection().disks(),
        Duration.ofSeconds(30),
        "the MDS");
  }

  private static DiskInfo find(String wanted, List<DiskInfo> disks) {
    List<DiskInfo> found =
        disks.stream()
            .filter(disk ->
                disk.diskName().equals(wanted)
                    || disk.replica().chunkserver().toString().equals(wanted))
            .toList();
    if (found.isEmpty()) {
      throw new KurveException(
          ErrorCode.NOT_FOUND, "there is no disk " + wanted, "`kurve disk list` shows them");
    }
    if (found.size() > 1) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          found.size() + " disks have the name " + wanted,
          "give its number instead, such as " + found.getFirst().replica().chunkserver());
    }
    return found.getFirst();
  }

  private static String state(DiskInfo disk) {
    String state = disk.state().name().toLowerCase(Locale.ROOT);
    return disk.draining() ? state + (disk.copysets() == 0 ? ", drained" : ", draining") : state;
  }
}
