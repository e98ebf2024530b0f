package io.kurve.cli.playground;

import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a process of a playground whose folder was removed under it: no command can find the process
 * any more, and what it writes is in files without a name.
 *
 * <pre>
 *   settings gone, or another playground's, two looks in a row
 *     keeper, a device of its host mounted or part of another ─> serves on, so that it can be read
 *     volume host, its keeper lives                          ──> serves on until that ends it
 *     volume host without one, a device mounted, ...         ──> serves on
 *     MDS or chunkserver, a volume host of the folder lives  ──> serves on for it
 *     else                                                   ──> says why, and ends in order
 * </pre>
 */
public final class FolderWatch {
  private static final Logger LOG = LoggerFactory.getLogger(FolderWatch.class);
  private static final String PROPERTY = "kurve.playground.process";
  private static final Duration PAUSE = Duration.ofSeconds(2);

  /** What the process is still needed for, in words. */
  interface Need {
    Optional<String> now() throws IOException;
  }

  private final Path settings;
  private final BooleanSupplier gone;
  private final Need need;
  private final Runnable end;
  private int looksWithout;
  private String said = "";

  FolderWatch(Path settings, BooleanSupplier gone, Need need, Runnable end) {
    this.settings = settings;
    this.gone = gone;
    this.need = need;
    this.end = end;
  }

  /** How a process is told that it is a playground's, and which. */
  static String flag(Layout layout, String name) {
    return "-D" + PROPERTY + "=" + layout.process(name);
  }

  /** Without effect in a process that no playground has started. */
  public static void begin(String role) {
    Optional<Path> process = Optional.ofNullable(System.getProperty(PROPERTY)).map(Path::of);
    if (process.isEmpty()) {
      return;
    }
    Path directory = process.get().resolveSibling(".").normalize();
    Layout layout = new Layout(directory);
    String name = process.get().getFileName().toString();
    Need need = needOf(role, name, layout);
    Optional<ClusterId> own = cluster(directory);
    FolderWatch watch =
        new FolderWatch(
            Settings.file(directory), () -> isGone(directory, own), need, () -> System.exit(0));
    Thread.ofPlatform().daemon().name("folder-watch").start(watch::run);
  }

  private static Need needOf(String role, String name, Layout layout) {
    return switch (role) {
      case Roles.KEEPER -> () -> claimed(layout.run(Roles.hostOf(name)));
      case Roles.VOLUME_HOST ->
          () -> claimed(layout.run(name)).or(() -> ServerProcess.livingKeeper(layout));
      default -> () -> ServerProcess.livingHost(layout);
    };
  }

  private static Optional<String> claimed(Path run) throws IOException {
    return Machine.claimed(run).map(KurveException::text);
  }

  private static Optional<ClusterId> cluster(Path directory) {
    return Settings.read(directory).map(Settings::cluster);
  }

  /** Settings that can't be read are still there: somebody may mend them. */
  static boolean isGone(Path directory, Optional<ClusterId> own) {
    try {
      Optional<ClusterId> now = cluster(directory);
      return now.isEmpty() || !now.equals(own);
    } catch (KurveException e) {
      LOG.warn("{}", e.text());
      return false;
    }
  }

  private void run() {
    try {
      while (!look()) {
        Thread.sleep(PAUSE);
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * @return whether the process ends now
   */
  boolean look() {
    if (!gone.getAsBoolean()) {
      looksWithout = 0;
      return false;
    }
    if (++looksWithout < 2) {
      return false;
    }
    Optional<String> reason = reason();
    if (reason.isPresent()) {
      if (!reason.get().equals(said)) {
        LOG.warn("{} is gone, but {}: serving on until then", settings, reason.get());
        said = reason.get();
      }
      return false;
    }
    LOG.error("{} is gone: the playground was removed, this process ends", settings);
    end.run();
    return true;
  }

  private Optional<String> reason() {
    try {
      return need.now();
    } catch (IOException e) {
      return Optional.of("who needs this process can't be told: " + e.getMessage());
    }
  }
}
