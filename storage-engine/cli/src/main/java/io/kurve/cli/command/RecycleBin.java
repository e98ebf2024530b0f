package io.kurve.cli.command;

import io.kurve.cli.Connections;
import io.kurve.cli.output.Console;
import io.kurve.cli.output.Table;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumeAdmin.InBin;
import io.kurve.core.metadata.VolumeAdmin.VolumeUse;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Moment;
import io.kurve.core.unit.TimeSpan;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What {@code kurve volume} does with deleted volumes. Several of them may have had one name. */
final class RecycleBin {
  private final VolumeAdmin volumes;
  private final Console console;

  RecycleBin(VolumeAdmin volumes, Console console) {
    this.volumes = volumes;
    this.console = console;
  }

  /** A deleted volume as programs see it. */
  record DeletedView(
      String name, long id, long sizeBytes, long mappedBytes, Instant deleted, long leftS) {
    static DeletedView of(Volume volume, InBin bin) {
      return new DeletedView(
          volume.name(),
          volume.id().value(),
          volume.sizeBytes(),
          volume.mappedBytes(),
          bin.deleted(),
          bin.left().toSeconds());
    }
  }

  void show(OutputOption output) {
    List<DeletedView> deleted = deleted();
    console.result(
        output.json(),
        Map.of("volumes", deleted),
        () -> {
          Table table = new Table("NAME", "ID", "SIZE", "MAPPED", "DELETED", "LEFT");
          deleted.forEach(one ->
              table.row(
                  one.name(),
                  one.id(),
                  human(one.sizeBytes()),
                  human(one.mappedBytes()),
                  Moment.toHuman(one.deleted()),
                  TimeSpan.toHuman(Duration.ofSeconds(one.leftS()))));
          return table.toString();
        });
  }

  void delete(String name, Optional<Duration> retention, OutputOption output) {
    VolumeId id = call(volumes.info(name)).volume().id();
    call(volumes.delete(id, retention));
    Optional<DeletedView> kept =
        deleted().stream().filter(one -> one.id() == id.value()).findFirst();
    console.result(
        output.json(),
        Map.of("name", name, "deleted", true, "left_s", kept.map(DeletedView::leftS).orElse(0L)),
        () ->
            kept.map(one ->
                    "volume %s deleted; it can be had back for %s with `kurve volume undelete %s`"
                        .formatted(name, TimeSpan.toHuman(Duration.ofSeconds(one.leftS())), name))
                .orElse("volume " + name + " deleted; its space comes back in the background"));
  }

  void undelete(String name, @Nullable Long id, String newName, OutputOption output) {
    Volume volume = call(volumes.undelete(find(name, id), newName));
    console.result(
        output.json(),
        VolumeView.of(volume, List.of()),
        () -> "volume " + volume.name() + " of " + human(volume.sizeBytes()) + " is back");
  }

  void purge(String name, @Nullable Long id, OutputOption output) {
    call(volumes.purge(find(name, id)));
    console.result(
        output.json(),
        Map.of("name", name, "purged", true),
        () -> "volume " + name + " is destroyed; its space comes back in the background");
  }

  private List<DeletedView> deleted() {
    return call(volumes.list()).stream()
        .filter(use -> use.volume().state() == Volume.State.DELETED)
        .flatMap(use -> use.bin().stream().map(bin -> DeletedView.of(use.volume(), bin)))
        .toList();
  }

  private VolumeId find(String name, @Nullable Long id) {
    List<DeletedView> found =
        deleted().stream()
            .filter(one -> one.name().equals(name) && (id == null || one.id() == id))
            .toList();
    if (found.size() > 1) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          found.size()
              + " deleted volumes have the name "
              + name
              + ": "
              + found.stream()
                  .map(one -> one.id() + " deleted " + Moment.toHuman(one.deleted()))
                  .collect(Collectors.joining(", ")),
          "say which one with --id");
    }
    return found.stream()
        .map(one -> new VolumeId(one.id()))
        .findFirst()
        .orElseThrow(() -> none(name));
  }

  private KurveException none(String name) {
    boolean going =
        call(volumes.list()).stream()
            .map(VolumeUse::volume)
            .anyMatch(
                volume -> volume.name().equals(name) && volume.state() == Volume.State.DELETING);
    return new KurveException(
        ErrorCode.NOT_FOUND,
        going
            ? "volume " + name + " is being destroyed: it can't be had back"
            : "no deleted volume has the name " + name,
        "see with `kurve volume list --deleted` what can be had back");
  }

  private static String human(long bytes) {
    return new ByteSize(bytes).toHuman();
  }

  private static <T extends @Nullable Object> T call(CompletionStage<T> stage) {
    return Connections.await(stage, VolumeCommand.LIMIT, "the MDS");
  }
}
