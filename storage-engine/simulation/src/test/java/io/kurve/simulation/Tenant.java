package io.kurve.simulation;

import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.time.SeededRandom;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes volumes, uses them and deletes them, one after the other.
 *
 * <pre>
 *   create ──> open ──> for each of some blocks: reads zeros, write, reads it back
 *                 │     half-way: one chunk more, and a block there
 *                 └──any failure, the host's death, enough──> closed, or left open and writing
 *          ──> fence whoever holds it ──> delete, until it is confirmed ──> the next one
 *                                           │            ^
 *                                           └──undelete──┘  once at most: it has what was written
 * </pre>
 *
 * Blocks of a new volume lie in slots that others gave back: their bytes must never be seen.
 */
final class Tenant {
  private static final Duration WATCH = Duration.ofMillis(400);

  private final SimCluster cluster;
  private final String name;
  private final int maxChunks;
  private final SeededRandom random;
  private int volumesLeft;
  private int made;

  /** Offsets and stamps, in the order in which they were written. */
  private final List<long[]> written = new ArrayList<>();

  /** Whether anything else may have been written. */
  private boolean spoiled;

  private boolean hadBack;
  private long attempt;
  private SimHost.@Nullable Life life;
  private @Nullable VolumeId volume;
  private @Nullable NewVolume wanted;
  private boolean over;
  private boolean done;

  /**
   * @param maxChunks of each volume; more than the disks have is no error
   */
  Tenant(SimCluster cluster, String name, int volumes, int maxChunks) {
    this.cluster = cluster;
    this.name = name;
    this.maxChunks = maxChunks;
    this.random = cluster.world().fork();
    this.volumesLeft = volumes;
  }

  void begin() {
    next();
    watch();
  }

  /** What it has is deleted, and nothing new is made. */
  void end() {
    over = true;
  }

  boolean isDone() {
    return done;
  }

  /** When the host dies nothing is heard of what it did: somebody else cleans up. */
  private void watch() {
    if (done) {
      return;
    }
    if (life == null || cluster.hosts().stream().noneMatch(host -> isThere(host, life))) {
      resume();
    }
    cluster.world().schedule(WATCH, name + " watch", this::watch);
  }

  private static boolean isThere(SimHost host, SimHost.@Nullable Life wanted) {
    return host.life().filter(now -> now.equals(wanted)).isPresent();
  }

  private void resume() {
    attempt++;
    spoiled = true; // the last write may have been heard of or not
    life = pick().orElse(null);
    if (life == null || wanted == null) {
      return;
    }
    if (volume == null) {
      create();
    } else {
      clean();
    }
  }

  private Optional<SimHost.Life> pick() {
    List<SimHost> hosts = cluster.hosts();
    return hosts.get(random.nextInt(hosts.size())).life();
  }

  private SimHost.Life life() {
    SimHost.Life now = life;
    if (now == null) {
      throw new IllegalStateException(name + " is on no host");
    }
    return now;
  }

  private void next() {
    attempt++;
    volume = null;
    wanted = null;
    written.clear();
    spoiled = false;
    hadBack = false;
    if (over || volumesLeft-- == 0) {
      done = true;
      return;
    }
    made++;
    int chunks = 1 + random.nextInt(maxChunks);
    wanted = new NewVolume(name + "-" + made, (long) chunks * Geometry.CHUNK_BYTES, 4096, false);
    life = pick().orElse(null);
    if (life != null) {
      create();
    }
  }

  /** Tells the answer only while this attempt goes on. */
  private <T> void ask(CompletionStage<T> question, Consumer<T> answered, Runnable failed) {
    long mine = attempt;
    cluster
        .world()
        .hear(
            question,
            (answer, failure) -> {
              if (mine != attempt) {
                return;
              }
              if (failure == null) {
                answered.accept(answer);
              } else {
                failed.run();
              }
            });
  }

  private void later(Runnable task) {
    long mine = attempt;
    var _ =
        life()
            .loop()
            .schedule(
                Duration.ofMillis(20 + random.nextLong(300)),
                () -> {
                  if (mine == attempt) {
                    task.run();
                  }
                });
  }

  private NewVolume wanted() {
    NewVolume now = wanted;
    if (now == null) {
      throw new IllegalStateException(name + " wants nothing");
    }
    return now;
  }

  private void create() {
    ask(
        life().admin().create("create-" + wanted().name(), wanted()),
        created -> {
          volume = created.id();
          cluster.world().trace(name + " has " + created.id());
          open();
        },
        () -> later(this::create));
  }

  private void open() {
    if (over) {
      clean();
      return;
    }
    ask(
        life().opener().open(wanted().name(), AccessMode.EXCLUSIVE),
        opened -> new Use(opened).step(),
        this::clean);
  }

  /** Some blocks, one request at a time. */
  private final class Use {
    private final BlockVolume opened;
    private final int steps = 2 + random.nextInt(6);
    private long bytes;
    private int taken;

    Use(BlockVolume opened) {
      this.opened = opened;
      this.bytes = opened.volume().sizeBytes();
    }

    void step() {
      if (taken++ == steps || over) {
        leave();
      } else if (taken == steps / 2 && random.chance(2)) {
        grow();
      } else {
        use(random.nextLong(bytes / Geometry.BLOCK_BYTES) * Geometry.BLOCK_BYTES);
      }
    }

    private void grow() {
      long grown = bytes + Geometry.CHUNK_BYTES;
      ask(
          life().admin().resize(wanted().name(), grown),
          _ ->
              ask(
                  opened.refresh(),
                  found -> {
                    if (found.sizeBytes() != grown) {
                      throw new AssertionError(found + " should have " + grown + " bytes");
                    }
                    bytes = grown;
                    use(grown - Geometry.BLOCK_BYTES);
                  },
                  this::leave),
          this::leave);
    }

    private void use(long offset) {
      long stamp = stampAt(offset);
      read(
          offset,
          stamp,
          () -> {
            long fresh = random.nextLong(Long.MAX_VALUE);
            written.add(new long[] {offset, fresh});
            ask(
                opened.write(offset, ByteBuffer.wrap(block(fresh))),
                _ -> read(offset, fresh, this::step),
                () -> {
                  spoiled = true;
                  leave();
                });
          });
    }

    /** What was written before it was deleted. */
    void readAll(int from) {
      if (from == written.size()) {
        leave();
      } else {
        long offset = written.get(from)[0];
        read(offset, stampAt(offset), () -> readAll(from + 1));
      }
    }

    private long stampAt(long offset) {
      return written.stream()
          .filter(each -> each[0] == offset)
          .mapToLong(each -> each[1])
          .reduce(0, (_, last) -> last);
    }

    private void read(long offset, long stamp, Runnable then) {
      byte[] seen = new byte[Geometry.BLOCK_BYTES];
      ask(
          opened.read(offset, ByteBuffer.wrap(seen)),
          _ -> {
            if (!Arrays.equals(seen, block(stamp))) {
              throw new AssertionError(
                  wanted().name() + ": the block at " + offset + " is not what was written");
            }
            then.run();
          },
          this::leave);
    }

    /** Closed, or left to somebody who fences it while it writes. */
    private void leave() {
      if (random.chance(2)) {
        spoiled = true;
        for (int i = 0; i < 3; i++) {
          long offset = random.nextLong(bytes / Geometry.BLOCK_BYTES) * Geometry.BLOCK_BYTES;
          var _ = opened.write(offset, ByteBuffer.wrap(block(7)));
        }
        later(Tenant.this::clean);
      } else {
        ask(opened.close(), _ -> clean(), Tenant.this::clean);
      }
    }
  }

  private static byte[] block(long stamp) {
    byte[] bytes = new byte[Geometry.BLOCK_BYTES];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (stamp >>> (i % 8 * 8));
    }
    return bytes;
  }

  private void clean() {
    VolumeId mine = volume;
    if (mine == null) {
      throw new IllegalStateException(name + " has no volume");
    }
    long now = attempt;
    var _ =
        life()
            .admin()
            .delete(mine, Optional.empty())
            .whenComplete((_, failure) -> {
              if (now != attempt) {
                return;
              }
              if (failure == null) {
                cluster.world().trace(name + " deleted " + mine);
                if (hadBack || spoiled || written.isEmpty() || over) {
                  next();
                } else {
                  takeBack(mine);
                }
              } else {
                if (VolumeUser.codeOf(failure) == ErrorCode.IN_USE) {
                  fenceAll();
                }
                later(this::clean);
              }
            });
  }

  private void takeBack(VolumeId mine) {
    ask(
        life().admin().undelete(mine, wanted().name()),
        _ -> {
          hadBack = true;
          cluster.world().trace(name + " has " + mine + " back");
          ask(
              life().opener().open(wanted().name(), AccessMode.EXCLUSIVE),
              opened -> new Use(opened).readAll(0),
              this::clean);
        },
        this::next);
  }

  private void fenceAll() {
    ask(
        life().admin().info(wanted().name()),
        use -> {
          for (Attachment attachment : use.attachments()) {
            var _ = life().admin().fence(attachment.id());
          }
        },
        () -> {});
  }
}
