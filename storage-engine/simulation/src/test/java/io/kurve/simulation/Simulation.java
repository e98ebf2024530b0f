package io.kurve.simulation;

import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.chunkserver.copyset.Digest128;
import io.kurve.chunkserver.service.CopysetReplica;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.mds.record.StoredRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.record.StoredRecord.DrainRecord;
import io.kurve.mds.record.StoredRecord.MoveRecord;
import io.kurve.mds.record.StoredRecord.RetiredRecord;
import io.kurve.testkit.time.SeededRandom;
import io.kurve.testkit.world.SimWorld;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One run of one seed.
 *
 * <pre>
 *   start the cluster ──> volumes ──> users, tenants and nemeses ──> heal ──> users end
 *     ──> copysets of a disk that was lost are whole again on the one in its place
 *     ──> a last attachment reads everything ──> no slot is leaked, the MDS knows what is free
 *     ──> replicas at one index, equal digests ──> each block's history explained
 * </pre>
 */
final class Simulation {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration CHAOS = Duration.ofSeconds(60);
  private static final Duration HEALED = Duration.ofSeconds(60);

  /** As late a message may come. */
  private static final Duration LATEST = Duration.ofSeconds(31);

  private static final int VOLUMES = 2;

  private final SimWorld world;
  private final SimCluster cluster;
  private final SeededRandom random;
  private final Set<Nemesis.Kind> kinds;
  private final List<VolumeModel> models = new ArrayList<>();
  private final List<VolumeUser> users = new ArrayList<>();
  private final List<SharedUser> sharers = new ArrayList<>();
  private final List<Tenant> tenants = new ArrayList<>();

  /** What a run leaves: equal for equal seeds. */
  record Trace(
      long digest,
      long events,
      long entries,
      long installs,
      MoveCounts.Counts moves,
      boolean standstill) {}

  Simulation(long seed, FormattedDisks disks, Supplier<Adapters> planted) {
    this.world = new SimWorld(seed, this::afterEachEvent);
    this.random = world.fork();
    this.kinds = Nemesis.draw(random);
    int servers = Nemesis.Kind.needsFourth(kinds) ? 4 : 3;
    this.cluster = new SimCluster(world, disks, servers, planted);
  }

  private void afterEachEvent() {
    cluster.chunkservers().forEach(SimChunkserver::check);
  }

  static Trace run(long seed, FormattedDisks disks) {
    return run(seed, disks, () -> Adapters.NONE);
  }

  static Trace run(long seed, FormattedDisks disks, Supplier<Adapters> planted) {
    Simulation simulation = new Simulation(seed, disks, planted);
    try {
      return simulation.run();
    } catch (AssertionError | RuntimeException e) {
      throw new SimulationFailure(seed, simulation.kinds, simulation.world.recent(), e);
    } finally {
      simulation.cluster.processes().forEach(process -> process.kill("the run ends"));
    }
  }

  /** The broken promise of a run with a planted bug; null when the run ended well. */
  static @Nullable SimulationFailure failure(
      long seed, FormattedDisks disks, Supplier<Adapters> planted) {
    try {
      var _ = run(seed, disks, planted);
      return null;
    } catch (SimulationFailure failure) {
      return failure;
    }
  }

  private Trace run() {
    cluster.start();
    for (int i = 1; i <= VOLUMES; i++) {
      create("volume-" + i);
    }
    if (kinds.contains(Nemesis.Kind.SHARED_VOLUME)) {
      share("volume-shared");
    }
    if (kinds.contains(Nemesis.Kind.DELETES)) {
      tenants.add(new Tenant(cluster, "tenant", 2 + random.nextInt(6), 2));
    }
    if (kinds.contains(Nemesis.Kind.FULL_DISKS)) {
      tenants.add(new Tenant(cluster, "hog", 1 + random.nextInt(3), 24));
    }
    users.forEach(VolumeUser::begin);
    sharers.forEach(SharedUser::begin);
    tenants.forEach(Tenant::begin);
    Nemesis nemesis = new Nemesis(cluster, kinds);
    nemesis.begin();
    boolean early = world.runUntil(this::usersAreDone, CHAOS);
    nemesis.end();
    tenants.forEach(Tenant::end);
    world.trace("healed" + (early ? "" : ", with work left"));
    cluster.heal();
    // What nemeses began ends by itself: processes that were to restart later, links to be mended.
    world.run(Duration.ofSeconds(4));
    cluster.heal();
    if (kinds.contains(Nemesis.Kind.DRAINS)) {
      useAllDisks();
    }
    boolean stands = false;
    try {
      settle();
    } catch (Standstill e) {
      stands = true;
    }
    for (VolumeModel model : models) {
      Optional<String> problem = model.impossible();
      if (problem.isPresent()) {
        throw new AssertionError(problem.get());
      }
    }
    long entries =
        cluster.raft().copysets().stream().mapToLong(cluster.raft()::appliedEntries).sum();
    return new Trace(
        world.digest(),
        world.events(),
        entries,
        cluster.raft().installs(),
        cluster.moves().counts(),
        stands);
  }

  /** Once none comes late that says otherwise. */
  private void useAllDisks() {
    world.run(LATEST);
    for (StoredRecord record : cluster.records().toList()) {
      if (record instanceof DrainRecord drain) {
        var _ =
            retried(() ->
                cluster
                    .hosts()
                    .getFirst()
                    .life()
                    .orElseThrow()
                    .admin()
                    .drain(drain.chunkserver(), false)
                    .thenApply(_ -> true));
      }
    }
  }

  /** Everything gets to where it should be. */
  private void settle() throws Standstill {
    await("the users to end", this::usersAreDone);
    await("the copysets of a lost disk to be rebuilt", this::isRebuilt);
    for (VolumeModel model : models) {
      verify(model);
    }
    Set<String> names = models.stream().map(VolumeModel::name).collect(Collectors.toSet());
    SlotsAreBack slots = new SlotsAreBack(cluster, names);
    if (!world.runUntil(slots::look, HEALED)) {
      throw new AssertionError("slots are not given back: " + slots.why());
    }
    await("the replicas to meet", this::replicasMeet);
    compareReplicas();
  }

  /** A copyset has no majority of whole replicas any more, so it may stand still for good. */
  private static final class Standstill extends Exception {
    private static final long serialVersionUID = 1;
  }

  /**
   * When a disk was lost for good, a second replica whose install broke off leaves only one: it
   * does not vote until it is installed, and without its vote nobody leads who could install it.
   */
  private boolean mayStandStill() {
    return copysets()
        .anyMatch(copyset ->
            replicas(copyset).stream().filter(replica -> !replica.machine().isInstalling()).count()
                < 2);
  }

  private boolean usersAreDone() {
    return users.stream().allMatch(VolumeUser::isDone)
        && sharers.stream().allMatch(SharedUser::isDone)
        && tenants.stream().allMatch(Tenant::isDone);
  }

  private void create(String name) {
    VolumeModel model =
        made(new NewVolume(name, VolumeModel.BYTES, random.chance(2) ? 512 : 4096, false));
    users.add(new VolumeUser(cluster, model, 3 + random.nextInt(3)));
  }

  private void share(String name) {
    VolumeModel model = made(new NewVolume(name, VolumeModel.BYTES, 4096, true));
    Set<AttachmentId> open = new TreeSet<>();
    for (SimHost host : cluster.hosts()) {
      sharers.add(new SharedUser(cluster, model, host, open));
    }
  }

  private VolumeModel made(NewVolume wanted) {
    String name = wanted.name();
    SimHost host = cluster.hosts().getFirst();
    Volume created =
        retried(() -> host.life().orElseThrow().admin().create("create-" + name, wanted));
    world.trace("created " + created);
    VolumeModel model = new VolumeModel(name);
    models.add(model);
    return model;
  }

  private <T> T retried(Supplier<CompletionStage<T>> question) {
    List<T> answers = new ArrayList<>();
    boolean[] waiting = {false};
    boolean answered =
        world.runUntil(
            () -> {
              if (!waiting[0] && answers.isEmpty()) {
                waiting[0] = true;
                var _ =
                    question
                        .get()
                        .whenComplete((answer, failure) -> {
                          if (failure == null) {
                            answers.add(answer);
                          } else {
                            world.schedule(
                                Duration.ofMillis(200), "again", () -> waiting[0] = false);
                          }
                        });
              }
              return !answers.isEmpty();
            },
            START);
    if (!answered) {
      throw new AssertionError("no answer within " + START.toSeconds() + " virtual seconds");
    }
    return answers.getFirst();
  }

  private void await(String what, BooleanSupplier condition) throws Standstill {
    if (!world.runUntil(condition, HEALED)) {
      if (mayStandStill()) {
        throw new Standstill();
      }
      throw new SimulationFailure.Stalled(
          "waited %d virtual seconds for %s after everything was healed: %s"
              .formatted(HEALED.toSeconds(), what, replicas()));
    }
  }

  private String replicas() {
    return cluster.raft().copysets().stream()
        .flatMap(copyset -> cluster.raft().replicas(copyset).stream())
        .map(replica -> replica.status().toString())
        .collect(Collectors.joining("; "));
  }

  private void verify(VolumeModel model) throws Standstill {
    FinalReader reader = new FinalReader(cluster, model, random.chance(16));
    reader.begin();
    await("a last reader of " + model.name(), reader::isDone);
  }

  /**
   * No copyset counts on a disk that was lost, if there is one in its place, no replica is on its
   * way, and what has left its copyset is removed.
   */
  private boolean isRebuilt() {
    boolean mayGo = cluster.chunkservers().size() > 3;
    Set<StoreId> there =
        cluster.chunkservers().stream()
            .filter(server -> !server.isEmptied() || server.running().isPresent())
            .filter(server -> !server.hasOldDisk() || !mayGo)
            .map(SimChunkserver::storeId)
            .collect(Collectors.toSet());
    return cluster
        .records()
        .noneMatch(record ->
            record instanceof MoveRecord
                || (record instanceof RetiredRecord retired
                    && there.contains(retired.replica().store()))
                || (record instanceof CopysetRecord copyset
                    && copyset.membership().voters().stream()
                        .anyMatch(voter -> !there.contains(voter.store()))));
  }

  private Stream<CopysetRecord> copysets() {
    return cluster.records().filter(CopysetRecord.class::isInstance).map(CopysetRecord.class::cast);
  }

  /** Servers on which it has a replica that can take part. */
  private List<SimChunkserver> serversOf(CopysetRecord copyset) {
    return copyset.membership().voters().stream()
        .flatMap(voter ->
            cluster.chunkservers().stream()
                .filter(server -> server.storeId().equals(voter.store()) && !server.hasOldDisk()))
        .toList();
  }

  /** Of these, the ones that run. */
  private List<CopysetReplica> replicas(CopysetRecord copyset) {
    return serversOf(copyset).stream()
        .flatMap(server -> server.running().stream())
        .flatMap(life -> life.copysets().find(copyset.copyset()).stream())
        .toList();
  }

  /** Nobody else has one. */
  private boolean replicasMeet() {
    return copysets()
        .allMatch(copyset -> {
          List<CopysetReplica> replicas = replicas(copyset);
          return replicas.size() == serversOf(copyset).size()
              && Nemesis.replicas(cluster, copyset.copyset()).size() == replicas.size()
              && replicas.stream().map(replica -> replica.machine().applied()).distinct().count()
                  == 1
              && replicas.stream().noneMatch(replica -> replica.machine().isInstalling());
        });
  }

  private void compareReplicas() {
    for (CopysetKey copyset : cluster.raft().copysets()) {
      List<Digest128> digests =
          Nemesis.replicas(cluster, copyset).stream()
              .map(CopysetReplica::machine)
              .map(CopysetStateMachine::digest)
              .toList();
      if (digests.stream().distinct().count() > 1) {
        throw new AssertionError("the replicas of " + copyset + " differ: " + digests);
      }
    }
    new Scrub(cluster, kinds.contains(Nemesis.Kind.BIT_ROT)).run();
  }
}
