package io.kurve.cli.command;

import io.kurve.chunkserver.server.DiskCheck;
import io.kurve.chunkserver.store.StoreCheck;
import io.kurve.chunkserver.store.StoreFinding;
import io.kurve.chunkserver.store.StoreInspection;
import io.kurve.chunkserver.store.StoreInspector;
import io.kurve.cli.output.Table;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.ExitCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.unit.ByteSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kurve store …}. */
@Command(
    name = "store",
    description = "Looks into the store of a stopped chunkserver; never changes it.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
public final class StoreCommand {
  /** As stat(2) has them. */
  private static final int FILE_TYPE = 0170000;

  private static final int REGULAR_FILE = 0100000;
  private static final int BLOCK_DEVICE = 0060000;

  private final Session session;

  public StoreCommand(Session session) {
    this.session = session;
  }

  record CopysetView(
      long copyset,
      long generation,
      long term,
      long index,
      boolean installing,
      int slots,
      List<Long> members) {}

  record InspectView(
      String path,
      int formatVersion,
      String cluster,
      String store,
      long chunkserver,
      long starts,
      boolean closedCleanly,
      long sizeBytes,
      int slots,
      int slotsUsed,
      List<String> superblocks,
      List<CopysetView> copysets) {}

  record CheckView(
      String path,
      boolean clean,
      long blocks,
      long bytes,
      long damagedBlocks,
      long logRecords,
      List<StoreFinding> findings,
      long findingsLeftOut) {}

  @Command(
      name = "inspect",
      description = "Shows what a device or file holds: cluster, store, geometry, copysets.",
      mixinStandardHelpOptions = true)
  int inspect(
      @Parameters(paramLabel = "PATH", description = "a block device or file") Path path,
      @Mixin OutputOption output)
      throws IOException {
    try (Disk disk = open(path)) {
      StoreInspection inspection = StoreInspector.inspect(disk);
      session.console().result(output.json(), view(inspection), () -> text(inspection));
      return 0;
    }
  }

  @Command(
      name = "check",
      description = {
        "Verifies every checksum of a device or file: superblocks, log, checkpoints, "
            + "headers, blocks. The torn end that a crash leaves of a log is no damage.",
        "Ends with 10 when it found damage."
      },
      mixinStandardHelpOptions = true)
  int check(
      @Parameters(paramLabel = "PATH", description = "a block device or file") Path path,
      @Mixin OutputOption output)
      throws IOException {
    try (Disk disk = open(path)) {
      DiskCheck check = DiskCheck.run(disk);
      session
          .console()
          .result(
              output.json(),
              new CheckView(
                  disk.name(),
                  check.findings().isEmpty(),
                  check.store().counts().blocksChecked(),
                  check.store().counts().bytesChecked(),
                  check.store().counts().damagedBlocks(),
                  check.logRecords(),
                  check.findings(),
                  check.store().findingsLeftOut()),
              () -> text(disk.name(), check));
      return check.findings().isEmpty() ? 0 : ExitCode.FINDINGS.number();
    }
  }

  private static boolean isFileOrBlockDevice(Path path) throws IOException {
    int type = (Integer) Files.getAttribute(path, "unix:mode") & FILE_TYPE;
    return type == REGULAR_FILE || type == BLOCK_DEVICE;
  }

  private static Disk open(Path path) throws IOException {
    if (!Files.exists(path)) {
      throw new KurveException(
          ErrorCode.NOT_FOUND, path + " does not exist", "name a block device or a file");
    }
    if (Files.isDirectory(path)) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT, path + " is a folder", "name a block device or a file");
    }
    if (!isFileOrBlockDevice(path)) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          path + " is neither a block device nor a file",
          "name a block device or a file");
    }
    try {
      return FileDisk.openReadOnly(path);
    } catch (NoSuchFileException e) {
      throw new KurveException(
          ErrorCode.NOT_FOUND, path + " does not exist", "name a block device or a file", e);
    }
  }

  private static InspectView view(StoreInspection inspection) {
    return new InspectView(
        inspection.name(),
        inspection.identification().formatVersion(),
        inspection.identification().identity().cluster().toString(),
        inspection.identification().identity().store().toString(),
        inspection.identification().memory().chunkserverId(),
        inspection.identification().generation(),
        inspection.closedCleanly(),
        inspection.layout().totalBytes(),
        inspection.layout().slotCount(),
        inspection.slots().size(),
        inspection.superblocks().stream().map(StoreInspection.SuperblockSummary::text).toList(),
        inspection.checkpoint().copysets().stream()
            .map(copyset ->
                new CopysetView(
                    copyset.copyset().id().value(),
                    copyset.copyset().generation().value(),
                    copyset.at().term(),
                    copyset.at().index(),
                    copyset.installing(),
                    copyset.slots(),
                    copyset.membership().voters().stream()
                        .map(replica -> replica.chunkserver().value())
                        .toList()))
            .toList());
  }

  private static String text(StoreInspection inspection) {
    InspectView view = view(inspection);
    Table head =
        new Table("STORE", view.store())
            .row("path", view.path())
            .row("format version", view.formatVersion())
            .row("cluster", view.cluster())
            .row("chunkserver", view.chunkserver() == 0 ? "none yet" : "cs-" + view.chunkserver())
            .row("starts", view.starts())
            .row("closed cleanly", view.closedCleanly() ? "yes" : "no: its log will be replayed")
            .row("size", new ByteSize(view.sizeBytes()))
            .row("slots", view.slotsUsed() + " of " + view.slots() + " used");
    view.superblocks().forEach(superblock -> head.row("superblock", superblock));
    Table copysets = new Table("COPYSET", "TERM", "INDEX", "SLOTS", "STATE");
    view.copysets()
        .forEach(copyset ->
            copysets.row(
                copyset.copyset() + "." + copyset.generation(),
                copyset.term(),
                copyset.index(),
                copyset.slots(),
                copyset.installing() ? "installing" : "whole"));
    return head + "\n" + copysets;
  }

  private static String text(String path, DiskCheck check) {
    StoreCheck.Counts counts = check.store().counts();
    StringBuilder text =
        new StringBuilder(
            "%s: %d blocks, %s checked, %d damaged; %d records of the log%n"
                .formatted(
                    path,
                    counts.blocksChecked(),
                    new ByteSize(counts.bytesChecked()),
                    counts.damagedBlocks(),
                    check.logRecords()));
    if (check.findings().isEmpty()) {
      return text.append("clean\n").toString();
    }
    Table table = new Table("FINDING", "OBJECT", "WHAT", "WHAT TO DO");
    check
        .findings()
        .forEach(
            finding -> table.row(finding.code(), finding.object(), finding.text(), finding.cure()));
    text.append(table);
    if (check.store().findingsLeftOut() > 0) {
      text.append("and ").append(check.store().findingsLeftOut()).append(" more\n");
    }
    return text.toString();
  }
}
