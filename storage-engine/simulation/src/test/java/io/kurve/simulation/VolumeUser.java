package io.kurve.simulation;

import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.time.SeededRandom;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Uses one volume from hosts in turn.
 *
 * <pre>
 *   open ──ATTACHED_ELSEWHERE──> fence whoever holds it ──> open again
 *    │                      ├──> take it over from whoever holds it
 *    │                      └──> wait until its lease runs out, some time; then one of the others
 *    │
 *   random requests, several at once ──enough──> close, or go on writing while the next host opens
 *    │
 *   host killed ──> opens again when it lives
 * </pre>
 */
final class VolumeUser {
  private static final int MAX_IN_FLIGHT = 5;

  private final SimCluster cluster;
  private final VolumeModel model;
  private final List<SimHost> hosts;
  private final SeededRandom random;
  private int turn;
  private int sessionsLeft;
  private long stamps;
  private boolean done;

  VolumeUser(SimCluster cluster, VolumeModel model, int sessions) {
    this.cluster = cluster;
    this.model = model;
    this.hosts = cluster.hosts();
    this.random = cluster.world().fork();
    this.sessionsLeft = sessions;
    this.turn = random.nextInt(hosts.size());
  }

  /** All sessions have ended. */
  boolean isDone() {
    return done;
  }

  void begin() {
    for (SimHost host : hosts) {
      host.atStart(() -> {
        if (!done && host == hosts.get(turn)) {
          new Session(host).acquire();
        }
      });
    }
  }

  private void next(boolean anotherHost) {
    if (--sessionsLeft <= 0) {
      done = true;
      return;
    }
    turn = (turn + (anotherHost ? 1 + random.nextInt(hosts.size() - 1) : 0)) % hosts.size();
    SimHost host = hosts.get(turn);
    if (host.life().isPresent()) {
      new Session(host).acquire();
    }
  }

  /** On one host, in one life of it. */
  private final class Session {
    private final SimHost host;
    private final SimHost.Life life;
    private @Nullable BlockVolume volume;
    private int requestsLeft = 8 + random.nextInt(20);

    /** If the first sessions do not, the next finds a volume that is not mapped. */
    private final boolean writes = !random.chance(5);

    /** How often it asks for a volume that somebody has before it takes it by force. */
    private int patience = random.chance(3) ? random.nextInt(30) : 0;

    private int lingering = random.chance(2) ? writes ? 6 : 60 : 0;
    private int inFlight;
    private boolean handedOver;
    private boolean fenced;

    Session(SimHost host) {
      this.host = host;
      this.life = host.life().orElseThrow();
    }

    void acquire() {
      if (done || host != hosts.get(turn) || handedOver) {
        return;
      }
      open(random.chance(3) ? TakeOver.FROM_NOBODY : TakeOver.FROM_THE_SILENT);
    }

    private void open(TakeOver takeOver) {
      cluster
          .world()
          .hear(
              life.opener().open(model.name(), AccessMode.EXCLUSIVE, takeOver),
              (opened, failure) -> {
                if (failure == null) {
                  opened(opened);
                } else if (codeOf(failure) == ErrorCode.ATTACHED_ELSEWHERE && patience-- <= 0) {
                  takeByForce();
                } else {
                  later(this::acquire);
                }
              });
    }

    private void takeByForce() {
      boolean inOne = random.chance(2);
      var _ =
          life.admin()
              .info(model.name())
              .whenComplete((use, failure) -> {
                if (failure != null) {
                  later(this::acquire);
                } else if (inOne) {
                  open(TakeOver.from(use.attachments().stream().map(Attachment::id).toList()));
                } else {
                  for (Attachment attachment : use.attachments()) {
                    var _ = life.admin().fence(attachment.id());
                  }
                  later(this::acquire);
                }
              });
    }

    private void opened(BlockVolume opened) {
      volume = opened;
      model.opened(opened.attachment());
      cluster
          .world()
          .trace(host.process() + " opens " + model.name() + " as " + opened.attachment());
      step();
    }

    private void step() {
      if (fenced) {
        return;
      }
      if (requestsLeft > 0) {
        requestsLeft--;
        if (inFlight < MAX_IN_FLIGHT) {
          request();
        }
        pause(this::step);
      } else if (lingering == 0 && !handedOver) {
        if (inFlight == 0) {
          handedOver = true;
          close();
        } else {
          pause(this::step);
        }
      } else if (lingering > 0) {
        lingering--;
        if (!handedOver) {
          handedOver = true;
          next(true);
        }
        if (inFlight < MAX_IN_FLIGHT) {
          request();
        }
        pause(this::step);
      }
    }

    private void close() {
      var _ =
          held()
              .close()
              .whenComplete((nothing, failure) -> {
                cluster.world().trace(host.process() + " closed " + model.name());
                next(random.chance(2));
              });
    }

    private void later(Runnable task) {
      var _ = life.loop().schedule(Duration.ofMillis(20 + random.nextLong(400)), task);
    }

    private void pause(Runnable task) {
      long millis = random.chance(8) ? random.nextLong(400) : random.nextLong(25);
      var _ = life.loop().schedule(Duration.ofMillis(millis), task);
    }

    private BlockVolume held() {
      BlockVolume now = volume;
      if (now == null) {
        throw new IllegalStateException("no volume is open");
      }
      return now;
    }

    private void request() {
      // Mostly in one place: what overlaps finds most.
      int[] run =
          VolumeModel.HOT_RUNS.get(
              random.chance(2) ? 0 : random.nextInt(VolumeModel.HOT_RUNS.size()));
      long runStart = (long) run[0] * Geometry.BLOCK_BYTES;
      int runBytes = run[1] * Geometry.BLOCK_BYTES;
      int length = length(runBytes);
      int from = random.nextInt(runBytes - length + 1);
      if (random.chance(2)) {
        from -= from % Geometry.BLOCK_BYTES;
      }
      long offset = runStart + from;
      inFlight++;
      switch (random.nextInt(20)) {
        case 0, 1 -> erase(offset, length, true);
        case 2, 3 -> erase(offset, length, false);
        case 4 -> erase(random.chance(2) ? 0 : Geometry.CHUNK_BYTES, Geometry.CHUNK_BYTES, true);
        case 5 -> end(held().flush(), () -> {});
        case 6, 7, 8, 9, 10 -> read(offset, length);
        default -> {
          if (writes) {
            write(offset, length);
          } else {
            read(offset, length);
          }
        }
      }
    }

    private int length(int runBytes) {
      return switch (random.nextInt(4)) {
        case 0 -> 1 + random.nextInt(600);
        case 1 -> 1 + random.nextInt(runBytes);
        default ->
            Geometry.BLOCK_BYTES
                * (1 + random.nextInt(Math.min(3, runBytes / Geometry.BLOCK_BYTES)));
      };
    }

    private void write(long offset, int length) {
      byte[] bytes = new byte[length];
      long stamp = ++stamps * 0x9E3779B97F4A7C15L;
      for (int i = 0; i < length; i++) {
        bytes[i] = (byte) (stamp >>> (i % 8 * 8));
      }
      String what = "write " + stamps + " of " + held().attachment();
      VolumeModel.Request request = model.write(held().attachment(), offset, bytes, what);
      cluster.world().trace(what + " at " + offset + " of " + model.name() + ": " + length);
      end(held().write(offset, ByteBuffer.wrap(bytes)), request::wrote);
    }

    private void erase(long offset, int length, boolean discard) {
      String what = (discard ? "discard " : "zeroes ") + ++stamps + " of " + held().attachment();
      VolumeModel.Request request =
          model.write(held().attachment(), offset, new byte[length], what);
      cluster.world().trace(what + " at " + offset + " of " + model.name() + ": " + length);
      end(
          discard ? held().discard(offset, length) : held().writeZeroes(offset, length),
          request::wrote);
    }

    private void read(long offset, int length) {
      byte[] bytes = new byte[length];
      VolumeModel.Request request =
          model.read(held().attachment(), offset, length, "read of " + held().attachment());
      end(held().read(offset, ByteBuffer.wrap(bytes)), () -> request.read(bytes));
    }

    private void end(CompletionStage<Void> stage, Runnable done) {
      cluster
          .world()
          .hear(
              stage,
              (nothing, failure) -> {
                inFlight--;
                if (failure == null) {
                  done.run();
                  return;
                }
                switch (codeOf(failure)) {
                  case FENCED -> fenced();
                  case OVERLOAD, NO_SPACE -> {}
                  default -> throw new AssertionError(model.name() + ": " + failure, failure);
                }
              });
    }

    private void fenced() {
      if (!fenced) {
        fenced = true;
        cluster.world().trace(held().attachment() + " is told that it is fenced");
        if (!handedOver) {
          handedOver = true;
          next(true);
        }
      }
    }
  }

  static ErrorCode codeOf(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof KurveException known) {
      return known.code();
    }
    throw new AssertionError("no error of ours", failure);
  }
}
