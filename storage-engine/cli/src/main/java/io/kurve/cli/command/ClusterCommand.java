package io.kurve.cli.command;

import io.kurve.cli.Connections;
import io.kurve.cli.output.Table;
import io.kurve.core.metadata.ClusterInspection.ClusterStatus;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.core.unit.ByteSize;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kurve cluster …}. */
@Command(
    name = "cluster",
    description = "Shows how the cluster is.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
public final class ClusterCommand {
  private final Session session;

  public ClusterCommand(Session session) {
    this.session = session;
  }

  record StatusView(
      String health, List<Reason> reasons, String cluster, long capacityBytes, long usedBytes) {}

  @Command(
      name = "status",
      description = {
        "Says whether the cluster is healthy; if not, every reason with its cure.",
        "ok: all is well. degraded: something is missing, all volumes work.",
        "stalled: some volume waits for a quorum."
      },
      mixinStandardHelpOptions = true)
  int status(@Mixin ClusterOptions cluster, @Mixin OutputOption output) {
    ClusterStatus status =
        Connections.await(
            session.connections().cluster(cluster.cluster()).inspection().status(),
            Duration.ofSeconds(30),
            "the MDS");
    String health = status.health().name().toLowerCase(Locale.ROOT);
    session
        .console()
        .result(
            output.json(),
            new StatusView(
                health,
                status.reasons(),
                status.cluster().toString(),
                status.capacityBytes(),
                status.usedBytes()),
            () -> text(health, status));
    return 0;
  }

  private static String text(String health, ClusterStatus status) {
    String head =
        "health: %s%nused: %s of %s%n"
            .formatted(
                health, new ByteSize(status.usedBytes()), new ByteSize(status.capacityBytes()));
    if (status.reasons().isEmpty()) {
      return head;
    }
    Table table = new Table("REASON", "OBJECT", "WHAT", "WHAT TO DO");
    for (Reason reason : status.reasons()) {
      table.row(reason.code(), reason.object(), reason.text(), reason.cure());
    }
    return head + "\n" + table;
  }
}
