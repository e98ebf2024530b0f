package io.kurve.cli.playground;

import io.kurve.blockdev.loop.BoundLoop;
import io.kurve.cli.output.ShellWord;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Device names that a living volume host elsewhere on this machine has taken. */
final class TakenLinks {
  private final Path links;
  private final List<BoundLoop> loops;
  private final List<Path> livingRuns;

  /**
   * @param loops all that are bound on this machine
   * @param livingRuns the run folders of the volume hosts that live
   */
  TakenLinks(Path links, List<BoundLoop> loops, List<Path> livingRuns) {
    this.links = links;
    this.loops = loops;
    this.livingRuns = livingRuns;
  }

  /**
   * @param own folder whose hosts' devices are no obstacle
   * @throws KurveException IN_USE
   */
  void refuse(String volume, Path own) throws IOException {
    Path link = links.resolve(volume);
    if (!Files.isSymbolicLink(link)) {
      if (Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
        throw new KurveException(
            ErrorCode.ALREADY_EXISTS, link + " is there and is no link", "move it away");
      }
      return;
    }
    Path target = Files.readSymbolicLink(link);
    Optional<Path> run =
        loops.stream()
            .filter(loop -> loop.device().equals(target))
            .map(BoundLoop::backingFile)
            .flatMap(file -> livingRuns.stream().filter(file::startsWith))
            .filter(found -> !found.startsWith(own))
            .findFirst();
    if (run.isPresent()) {
      throw new KurveException(
          ErrorCode.IN_USE,
          "%s is the device of another volume host of this machine, which runs in %s"
              .formatted(link, run.get()),
          "end that playground first (`kurve playground down --dir "
              + ShellWord.of(run.get().resolve("../..").normalize())
              + "`): a machine can have one with devices at a time");
    }
  }
}
