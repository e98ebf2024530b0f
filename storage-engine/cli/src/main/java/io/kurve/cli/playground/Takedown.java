package io.kurve.cli.playground;

import io.kurve.cli.Connections;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.VolumeHostService;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Takes a host's devices away before it ends. Force loses what only the kernel's cache has: it is
 * used where I/O stalls until somebody acts, not where it is slow.
 */
final class Takedown {
  private static final Duration CALL_LIMIT = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(100);

  /** How many copysets can write. */
  enum Quorum {
    ALL,
    SOME,
    NONE
  }

  /** Throws while a device is mounted or part of another one. */
  interface Claims {
    void refuse() throws IOException;
  }

  private final Supplier<Quorum> quorum;
  private final Claims claims;
  private final Duration patience;
  private final Consumer<String> progress;

  /**
   * @param patience with a write-out while all copysets can write
   */
  Takedown(Supplier<Quorum> quorum, Claims claims, Duration patience, Consumer<String> progress) {
    this.quorum = quorum;
    this.claims = claims;
    this.patience = patience;
    this.progress = progress;
  }

  /**
   * @param wanted whether the data is wanted later
   */
  void detachAll(String host, VolumeHostService service, boolean wanted)
      throws IOException, InterruptedException {
    for (AttachedDevice device : call(host, service.list())) {
      String volume = device.volumeName();
      if (!isDetached(host, service, volume, wanted)) {
        claims.refuse();
        if (wanted) {
          progress.accept(
              volume + " is detached by force: what was written to it and not synced may be lost");
        }
        detach(host, service, volume, true);
      }
    }
  }

  /**
   * @return false when only force is left
   */
  private boolean isDetached(String host, VolumeHostService service, String volume, boolean wanted)
      throws InterruptedException {
    long start = System.nanoTime();
    while (quorum.get() != Quorum.NONE) {
      try {
        detach(host, service, volume, false);
        return true;
      } catch (KurveException e) {
        if (e.code() == ErrorCode.IN_USE) {
          throw e;
        }
        if (!isSlow(e) || !wanted || quorum.get() != Quorum.ALL) {
          progress.accept(volume + " could not be detached: " + e.text());
          return false;
        }
        Duration waited = Duration.ofNanos(System.nanoTime() - start);
        if (waited.compareTo(patience) > 0) {
          throw new KurveException(
              ErrorCode.IN_USE,
              "what is cached of %s is not written after %d s: %s"
                  .formatted(volume, waited.toSeconds(), e.text()),
              "see `kurve cluster status` and run it again, or lose that with"
                  + " `kurve volume detach "
                  + volume
                  + " --force`",
              e);
        }
        progress.accept(
            "writing what is cached of " + volume + ", " + waited.toSeconds() + " s so far ...");
        Thread.sleep(PAUSE);
      }
    }
    return false;
  }

  private static boolean isSlow(KurveException e) {
    return e.code() == ErrorCode.UNAVAILABLE
        || e.code() == ErrorCode.DEADLINE_EXCEEDED
        || e.code() == ErrorCode.OVERLOAD;
  }

  private static void detach(String host, VolumeHostService service, String volume, boolean force) {
    try {
      call(host, service.detach(volume, force));
    } catch (KurveException e) {
      if (e.code() != ErrorCode.NOT_FOUND) { // its device went with an earlier attempt
        throw e;
      }
    }
  }

  private static <T extends @org.jspecify.annotations.Nullable Object> T call(
      String host, java.util.concurrent.CompletionStage<T> stage) {
    return Connections.await(stage, CALL_LIMIT, host);
  }
}
