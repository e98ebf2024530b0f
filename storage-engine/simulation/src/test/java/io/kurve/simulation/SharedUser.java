package io.kurve.simulation;

import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.time.SeededRandom;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One host's part in a shared volume: it reads and writes what others read and write, and fences
 * one of them now and then. Who was not fenced by anybody must never hear that it is (rule 20).
 */
final class SharedUser {
  private static final int MAX_IN_FLIGHT = 2;

  private final SimCluster cluster;
  private final VolumeModel model;
  private final SimHost host;
  private final Set<AttachmentId> open;
  private final SeededRandom random;
  private int requestsLeft;
  private @Nullable AttachmentId last;
  private @Nullable Session session;
  private long stamps;

  /**
   * @param open the attachments that all hosts have now
   */
  SharedUser(SimCluster cluster, VolumeModel model, SimHost host, Set<AttachmentId> open) {
    this.cluster = cluster;
    this.model = model;
    this.host = host;
    this.open = open;
    this.random = cluster.world().fork();
    this.requestsLeft = 10 + random.nextInt(20);
  }

  boolean isDone() {
    return requestsLeft <= 0;
  }

  void begin() {
    host.atStart(this::restart);
  }

  private void restart() {
    if (isDone()) {
      return;
    }
    Session now = new Session(host.life().orElseThrow());
    session = now;
    AttachmentId dead = last;
    if (dead == null) {
      now.acquire();
    } else {
      now.fence(dead, now::acquire);
    }
  }

  private final class Session {
    private final SimHost.Life life;
    private @Nullable BlockVolume volume;
    private int inFlight;
    private boolean fenced;

    Session(SimHost.Life life) {
      this.life = life;
    }

    void acquire() {
      var _ =
          life.opener()
              .open(model.name(), AccessMode.SHARED)
              .whenComplete((opened, failure) -> {
                if (failure == null) {
                  volume = opened;
                  last = opened.attachment();
                  open.add(opened.attachment());
                  model.joined(opened.attachment());
                  cluster.world().trace(host.process() + " shares as " + opened.attachment());
                  step();
                } else {
                  later(this::acquire);
                }
              });
    }

    /** Until it is done; what the attachment wrote is settled then. */
    void fence(AttachmentId attachment, Runnable then) {
      model.fences(attachment);
      open.remove(attachment);
      var _ =
          life.admin()
              .fence(attachment)
              .whenComplete((_, failure) -> {
                if (failure == null) {
                  model.left(attachment);
                  then.run();
                } else {
                  later(() -> fence(attachment, then));
                }
              });
    }

    private void later(Runnable task) {
      var _ = life.loop().schedule(Duration.ofMillis(20 + random.nextLong(200)), task);
    }

    private BlockVolume held() {
      BlockVolume now = volume;
      if (now == null) {
        throw new IllegalStateException("no volume is open");
      }
      return now;
    }

    private void step() {
      if (fenced || isDone() || session != this) {
        return;
      }
      requestsLeft--;
      if (random.chance(12)) {
        open.stream()
            .filter(other -> !other.equals(held().attachment()))
            .findFirst()
            .ifPresent(other -> fence(other, () -> {}));
      }
      if (inFlight < MAX_IN_FLIGHT) {
        request();
      }
      later(this::step);
    }

    private void request() {
      int[] run = VolumeModel.HOT_RUNS.get(random.nextInt(VolumeModel.HOT_RUNS.size()));
      int runBytes = run[1] * Geometry.BLOCK_BYTES;
      int length =
          random.chance(2)
              ? 1 + random.nextInt(1000)
              : Geometry.BLOCK_BYTES * (1 + random.nextInt(2));
      int from = random.nextInt(runBytes - length + 1);
      if (length >= Geometry.BLOCK_BYTES) {
        from -= from % Geometry.BLOCK_BYTES;
      }
      long offset = (long) run[0] * Geometry.BLOCK_BYTES + from;
      inFlight++;
      if (random.chance(3)) {
        byte[] bytes = new byte[length];
        VolumeModel.Request request =
            model.read(held().attachment(), offset, length, "read of " + held().attachment());
        end(held().read(offset, ByteBuffer.wrap(bytes)), () -> request.read(bytes));
      } else {
        byte[] bytes = new byte[length];
        long stamp = (held().attachment().value() * 1000 + ++stamps) * 0x9E3779B97F4A7C15L;
        for (int i = 0; i < length; i++) {
          bytes[i] = (byte) (stamp >>> (i % 8 * 8));
        }
        String what = "write " + stamps + " of " + held().attachment();
        VolumeModel.Request request = model.write(held().attachment(), offset, bytes, what);
        end(held().write(offset, ByteBuffer.wrap(bytes)), request::wrote);
      }
    }

    private void end(CompletionStage<Void> stage, Runnable done) {
      cluster
          .world()
          .hear(
              stage,
              (_, failure) -> {
                inFlight--;
                if (failure == null) {
                  done.run();
                  return;
                }
                ErrorCode code = VolumeUser.codeOf(failure);
                if (code == ErrorCode.FENCED) {
                  fenced();
                } else if (code != ErrorCode.OVERLOAD && code != ErrorCode.NO_SPACE) {
                  throw new AssertionError(model.name() + ": " + failure, failure);
                }
              });
    }

    private void fenced() {
      AttachmentId mine = held().attachment();
      if (!model.isFencedBySomebody(mine)) {
        throw new AssertionError(mine + " is told that it is fenced, and nobody fenced it");
      }
      if (!fenced && session == this) {
        fenced = true;
        fence(mine, () -> restart());
      }
    }
  }
}
