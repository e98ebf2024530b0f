package io.kurve.cli.command;

import io.kurve.cli.Connections;
import io.kurve.cli.output.Table;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.ClusterInspection.ClusterStatus;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumeAdmin.PolicyChange;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.TimeSpan;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kurve cluster …}. */
@Command(
    name = "cluster",
    description = "Shows how the cluster is, and sets what holds for all volumes.",
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
                status.reasons().stream().map(this::shown).toList(),
                status.cluster().toString(),
                status.capacityBytes(),
                status.usedBytes()),
            () -> text(health, status));
    return 0;
  }

  private Reason shown(Reason reason) {
    return new Reason(
        reason.code(),
        reason.object(),
        reason.text(),
        session.console().commands().in(reason.cure()));
  }

  record PolicyView(double overcommit, long retentionS) {}

  @Command(
      name = "policy",
      description = {
        "Shows what holds for all volumes; with options, changes it first.",
        "A change takes nothing away: volumes that exist stay, and what lies in the recycle "
            + "bin keeps the time that it was given."
      },
      mixinStandardHelpOptions = true)
  int policy(
      @Option(
              names = "--overcommit",
              paramLabel = "F",
              description =
                  "the sizes of all volumes together may be F times what the pool holds, "
                      + "such as 1 or 1.5")
          @Nullable String overcommit,
      @Option(
              names = "--retention",
              paramLabel = "TIME",
              description = "how long deleted volumes can be had back, such as 24h; 0: not at all",
              converter = TimeSpanConverter.class)
          @Nullable Duration retention,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output) {
    PolicyChange change =
        new PolicyChange(
            Optional.ofNullable(overcommit).map(ClusterCommand::percent),
            Optional.ofNullable(retention));
    VolumeAdmin volumes = session.connections().cluster(cluster.cluster()).volumes();
    VolumePolicy policy =
        Connections.await(
            overcommit == null && retention == null
                ? volumes.policy()
                : volumes.changePolicy(change),
            VolumeCommand.LIMIT,
            "the MDS");
    session
        .console()
        .result(
            output.json(),
            new PolicyView(policy.overcommitPercent() / 100.0, policy.retention().toSeconds()),
            () ->
                new Table("POLICY", "VALUE")
                    .row("overcommit", policy.overcommitPercent() / 100.0)
                    .row("retention", TimeSpan.toHuman(policy.retention()))
                    .toString());
    return 0;
  }

  private static int percent(String factor) {
    try {
      return VolumePolicy.overcommitPercent(factor);
    } catch (IllegalArgumentException e) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          String.valueOf(e.getMessage()),
          "such as --overcommit 1.5",
          e);
    }
  }

  @Command(
      name = "confirm-clock",
      description = {
        "Says that the clock of the MDS's machine is right.",
        "When it jumps by more than a minute, deleted volumes are kept also when their time in "
            + "the recycle bin is over, until somebody has had a look at it."
      },
      mixinStandardHelpOptions = true)
  int confirmClock(@Mixin ClusterOptions cluster, @Mixin OutputOption output) {
    Connections.await(
        session.connections().cluster(cluster.cluster()).volumes().confirmClock(),
        VolumeCommand.LIMIT,
        "the MDS");
    session
        .console()
        .result(
            output.json(),
            Map.of("confirmed", true),
            () -> "deleted volumes are destroyed again when their time is over");
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
