package io.kurve.cli.command;

import io.kurve.cli.Connections;
import io.kurve.cli.Detaching;
import io.kurve.cli.Fencing;
import io.kurve.cli.TakingOver;
import io.kurve.cli.output.Table;
import io.kurve.cli.playground.Layout;
import io.kurve.cli.playground.Playground;
import io.kurve.cli.playground.Settings;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metadata.VolumeAdmin.VolumeUse;
import io.kurve.core.metadata.VolumeHostService;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Moment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kurve volume …}. */
@Command(
    name = "volume",
    description = "Creates, shows, grows, deletes, attaches and detaches volumes.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
public final class VolumeCommand {
  static final Duration LIMIT = Duration.ofSeconds(30);

  /** Hosts that share a volume can't write less than a block safely. */
  private static final int SHARED_BLOCK_BYTES = 4096;

  private final Session session;

  public VolumeCommand(Session session) {
    this.session = session;
  }

  @Command(
      name = "create",
      description = {
        "Makes a volume; it takes space only where it is written.",
        "Its size is rounded up to a multiple of 16 MiB. All volumes together may have what "
            + "the pool holds, times its overcommit (1.0 unless it was made with another)."
      },
      mixinStandardHelpOptions = true)
  int create(
      @Parameters(paramLabel = "NAME", description = "letters, digits, '-', '_' and '.'")
          String name,
      @Option(
              names = "--size",
              required = true,
              paramLabel = "SIZE",
              description = "such as 64MiB or 1GiB; without a unit: bytes",
              converter = SizeConverter.class)
          ByteSize size,
      @Option(
              names = "--block-size",
              paramLabel = "512|4096",
              description = "the logical block size of its devices, for ever (default: 512)")
          @Nullable Integer blockBytes,
      @Option(
              names = "--shared",
              description = "several hosts may attach it at once; its block size is 4096")
          boolean shared,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output) {
    long bytes = VolumeSizes.rounded(name, size, session.console());
    int wanted = blockBytes == null ? 512 : blockBytes;
    if (shared && blockBytes != null && blockBytes != SHARED_BLOCK_BYTES) {
      session
          .console()
          .progress(
              "%s gets a block size of %d, not %d: it is shared"
                  .formatted(name, SHARED_BLOCK_BYTES, blockBytes));
    }
    Volume volume =
        call(
            volumes(cluster)
                .create(
                    UUID.randomUUID().toString(),
                    new NewVolume(name, bytes, shared ? SHARED_BLOCK_BYTES : wanted, shared)));
    session
        .console()
        .result(
            output.json(),
            VolumeView.of(volume, List.of()),
            () -> "volume " + name + " of " + human(volume.sizeBytes()) + " created");
    return 0;
  }

  @Command(
      name = "list",
      description = "Shows all volumes, or those in the recycle bin.",
      mixinStandardHelpOptions = true)
  int list(
      @Option(names = "--deleted", description = "those that are deleted and can be had back")
          boolean deleted,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output) {
    if (deleted) {
      bin(cluster).show(output);
      return 0;
    }
    List<VolumeUse> all =
        call(volumes(cluster).list()).stream()
            .filter(use -> use.volume().state() != Volume.State.DELETED)
            .toList();
    session
        .console()
        .result(
            output.json(),
            Map.of("volumes", all.stream().map(VolumeView::of).toList()),
            () -> {
              Table table = new Table("NAME", "SIZE", "MAPPED", "STATE", "ATTACHED TO");
              all.forEach(use ->
                  table.row(
                      use.volume().name(),
                      human(use.volume().sizeBytes()),
                      human(use.volume().mappedBytes()),
                      use.purgeProgress().orElse(VolumeView.lower(use.volume().state())),
                      hosts(use)));
              return table.toString();
            });
    return 0;
  }

  @Command(
      name = "info",
      description = "Shows one volume and who has it attached.",
      mixinStandardHelpOptions = true)
  int info(
      @Parameters(paramLabel = "NAME") String name,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output) {
    VolumeUse use = call(volumes(cluster).info(name));
    Volume volume = use.volume();
    session
        .console()
        .result(
            output.json(),
            VolumeView.of(use),
            () ->
                new Table("VOLUME", volume.name())
                    .row("id", volume.id().value())
                    .row("size", human(volume.sizeBytes()))
                    .row("mapped", human(volume.mappedBytes()))
                    .row("block size", volume.logicalBlockBytes())
                    .row("shared", volume.shared() ? "yes" : "no")
                    .row("state", VolumeView.lower(volume.state()))
                    .row("created", Moment.toHuman(volume.created()))
                    .row("attached to", hosts(use))
                    .toString());
    return 0;
  }

  @Command(
      name = "resize",
      description = {
        "Makes a volume larger, attached or not; its devices grow with it.",
        "The size is rounded up to a multiple of 16 MiB. A volume never becomes " + "smaller."
      },
      mixinStandardHelpOptions = true)
  int resize(
      @Parameters(paramLabel = "NAME") String name,
      @Option(
              names = "--size",
              required = true,
              paramLabel = "SIZE",
              description = "the new size, such as 2GiB; without a unit: bytes",
              converter = SizeConverter.class)
          ByteSize size,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output) {
    long bytes = VolumeSizes.rounded(name, size, session.console());
    VolumeUse before = call(volumes(cluster).info(name));
    Volume volume = call(volumes(cluster).resize(name, bytes));
    Settings.read(cluster.playgroundDirectory())
        .ifPresent(settings -> playground(cluster, settings).growDevices(name));
    session
        .console()
        .result(
            output.json(),
            VolumeView.of(volume, before.attachments()),
            () -> resized(before, volume));
    return 0;
  }

  private static String resized(VolumeUse before, Volume volume) {
    String has = "volume " + volume.name() + " has " + human(volume.sizeBytes());
    if (before.volume().sizeBytes() == volume.sizeBytes()) {
      return has + " already";
    }
    return before.attachments().isEmpty()
        ? has
        : has + "; grow its file system with resize2fs or xfs_growfs";
  }

  @Command(
      name = "delete",
      description = {
        "Deletes a volume, if nobody has it attached.",
        "It lies in the recycle bin for as long as the cluster's policy says (24h; in a "
            + "playground 0) and can be had back with undelete. What lies there counts against "
            + "the capacity."
      },
      mixinStandardHelpOptions = true)
  int delete(
      @Parameters(paramLabel = "NAME") String name,
      @Option(
              names = "--retention",
              paramLabel = "TIME",
              description = "keep it for another time, such as 30m or 7d; 0 destroys it at once",
              converter = TimeSpanConverter.class)
          @Nullable Duration retention,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output) {
    bin(cluster).delete(name, Optional.ofNullable(retention), output);
    return 0;
  }

  @Command(
      name = "undelete",
      description = {
        "Takes a volume back out of the recycle bin, with all its data.",
        "If several deleted volumes had the name, --id says which one. If another volume "
            + "has it by now, --as gives this one a new name."
      },
      mixinStandardHelpOptions = true)
  int undelete(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--id", paramLabel = "N", description = "its number, see list --deleted")
          @Nullable Long id,
      @Option(names = "--as", paramLabel = "NEWNAME", description = "its name from now on")
          @Nullable String newName,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output) {
    bin(cluster).undelete(name, id, newName == null ? name : newName, output);
    return 0;
  }

  @Command(
      name = "purge",
      description = {
        "Destroys a deleted volume for ever, before its time in the recycle bin is over.",
        "Its space comes back in the background."
      },
      mixinStandardHelpOptions = true)
  int purge(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--id", paramLabel = "N", description = "its number, see list --deleted")
          @Nullable Long id,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output) {
    bin(cluster).purge(name, id, output);
    return 0;
  }

  @Command(
      name = "attach",
      description = {
        "Makes a volume a block device on a host.",
        "In a playground the hosts are host-1, host-2, …",
        "Refuses while another host has it and is alive. If that one is dead or cut off, its "
            + "lease runs out 10 s after it was last heard of, and then attach takes the volume "
            + "over; with --take-over at once. Whoever loses it gets only I/O errors, for ever, "
            + "before anything is written here; what it had not written and synced is lost."
      },
      mixinStandardHelpOptions = true)
  int attach(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--host", paramLabel = "H", description = "the host (default: host-1)")
          @Nullable String host,
      @Option(
              names = "--socket",
              paramLabel = "PATH",
              description = "outside a playground: the volume host's socket on this machine")
          @Nullable Path socket,
      @Option(
              names = "--take-over",
              description = "from whoever has it now, alive or not; not for shared volumes")
          boolean takeOver,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output)
      throws IOException {
    AttachedDevice device =
        socket != null
            ? attachBy(socket, name, takeOver, cluster)
            : playground(cluster).attach(name, host == null ? "host-1" : host, takeOver);
    session
        .console()
        .result(
            output.json(),
            Attached.of(device),
            () -> name + " is " + device.device() + ", link " + device.link());
    return 0;
  }

  @Command(
      name = "detach",
      description = {
        "Takes a volume's block device away. Refuses while it is mounted.",
        "With --force everything that waits ends with an I/O error first; the device "
            + "goes as soon as nobody holds it: unmount it then. If the host that has it is "
            + "dead, out of reach or silent, --force takes the volume away from it: should it live, "
            + "it gets only I/O errors."
      },
      mixinStandardHelpOptions = true)
  int detach(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--force", description = "turn a stall into I/O errors") boolean force,
      @Option(
              names = "--socket",
              paramLabel = "PATH",
              description = "outside a playground: the volume host's socket on this machine")
          @Nullable Path socket,
      @Mixin ClusterOptions cluster,
      @Mixin OutputOption output)
      throws IOException {
    if (socket != null) {
      Detaching.detach(
          volumeHost(cluster, socket),
          name,
          force,
          "the volume host at " + socket,
          session.console()::progress);
    } else if (force && !isPlayground(cluster)) {
      if (!Fencing.fence(volumes(cluster), name, all -> true, session.console()::progress)) {
        throw Detaching.notHere(volumes(cluster), name, "any host");
      }
    } else {
      playground(cluster).detach(name, force);
    }
    session
        .console()
        .result(output.json(), Map.of("name", name, "detached", true), () -> name + " is detached");
    return 0;
  }

  private AttachedDevice attachBy(
      Path socket, String name, boolean takeOver, ClusterOptions cluster) {
    VolumeHostService host = volumeHost(cluster, socket);
    Set<AttachmentId> holders =
        takeOver
            ? TakingOver.holders(volumes(cluster), name, all -> true, session.console()::progress)
            : Set.of();
    return call(host.attach(name, holders));
  }

  private VolumeHostService volumeHost(ClusterOptions options, Path socket) {
    if (!Files.exists(socket)) {
      throw new KurveException(
          ErrorCode.NOT_FOUND,
          "there is no socket " + socket,
          "name that of a volume host that runs on this machine: api.sock in its --run-dir");
    }
    return session.connections().cluster(options.cluster()).volumeHost(socket);
  }

  private RecycleBin bin(ClusterOptions options) {
    return new RecycleBin(volumes(options), session.console());
  }

  private VolumeAdmin volumes(ClusterOptions options) {
    return session.connections().cluster(options.cluster()).volumes();
  }

  private static boolean isPlayground(ClusterOptions options) {
    return Settings.read(options.playgroundDirectory()).isPresent();
  }

  private Playground playground(ClusterOptions options) {
    Settings settings =
        Settings.read(options.playgroundDirectory())
            .orElseThrow(() ->
                new KurveException(
                    ErrorCode.NOT_FOUND,
                    options.playgroundDirectory() + " has no playground",
                    "name its folder with --dir, or a volume host's socket with --socket"));
    return playground(options, settings);
  }

  private Playground playground(ClusterOptions options, Settings settings) {
    return new Playground(
        new Layout(options.playgroundDirectory().toAbsolutePath().normalize()),
        settings,
        session.connections(),
        session.console()::progress);
  }

  private static String hosts(VolumeUse use) {
    return use.attachments().isEmpty()
        ? "-"
        : use.attachments().stream()
            .map(attachment ->
                attachment.host()
                    + " since "
                    + Moment.toHuman(attachment.since())
                    + (attachment.state() == Attachment.State.OPEN
                        ? ""
                        : " (" + VolumeView.lower(attachment.state()) + ")"))
            .collect(Collectors.joining(", "));
  }

  private static String human(long bytes) {
    return new ByteSize(bytes).toHuman();
  }

  private static <T extends @Nullable Object> T call(CompletionStage<T> stage) {
    return Connections.await(stage, LIMIT, "the MDS");
  }
}
