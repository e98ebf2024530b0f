package io.kurve.cli.playground;

import io.kurve.cli.Connections;
import io.kurve.cli.Detaching;
import io.kurve.cli.Fencing;
import io.kurve.cli.TakingOver;
import io.kurve.cli.config.ClusterFile;
import io.kurve.cli.output.ShellWord;
import io.kurve.cli.playground.PlaygroundStatus.ProcessStatus;
import io.kurve.cli.playground.PlaygroundStatus.VolumeStatus;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.ClusterInspection.ClusterStatus;
import io.kurve.core.metadata.ClusterInspection.Health;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metadata.VolumeAdmin.VolumeUse;
import io.kurve.core.metadata.VolumeHostService;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import io.kurve.core.unit.ByteSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The steps that bring a playground up and down. Each can be repeated after a crash at any point.
 */
public final class Playground {
  public static final String VOLUME = "demo";

  /** Of three replicas. */
  private static final int MAJORITY = 2;

  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final Duration HEALTHY_LIMIT = Duration.ofSeconds(60);
  private static final Duration CALL_LIMIT = Duration.ofSeconds(30);

  /** Whoever takes a volume away by force does not wait for its host longer than that. */
  private static final Duration HANGS_AFTER = Duration.ofSeconds(5);

  private static final Duration STOP_PATIENCE = Duration.ofSeconds(10);

  /** Its keeper starts it again at once. */
  private static final Duration RESTART_PATIENCE = Duration.ofSeconds(5);

  /** It writes out what is cached for 25 s. */
  private static final Duration HOST_STOP_PATIENCE = Duration.ofSeconds(30);

  /** A cache of some GB on a slow disk takes that long. */
  private static final Duration WRITE_OUT_PATIENCE = Duration.ofMinutes(5);

  private final Layout layout;
  private final Settings settings;
  private final Roles roles;
  private final Attachments attachments;
  private final Connections connections;
  private final Consumer<String> progress;

  public Playground(
      Layout layout, Settings settings, Connections connections, Consumer<String> progress) {
    this.layout = layout;
    this.settings = settings;
    this.roles = new Roles(layout, settings);
    this.attachments = new Attachments(layout.attachments());
    this.connections = connections;
    this.progress = progress;
  }

  /**
   * @param missing why a chunkserver without which all goes on did not start
   */
  public record Up(PlaygroundStatus status, Optional<KurveException> missing) {}

  /** Starts what does not run, makes and attaches what is missing. */
  public Up up() throws IOException, InterruptedException {
    try (PlaygroundLock _ = PlaygroundLock.take(layout)) {
      return upAlone();
    }
  }

  private Up upAlone() throws IOException, InterruptedException {
    refuseBusyPorts();
    PlaygroundMaker.complete(layout, settings);
    start(roles.etcd()).await();
    start(roles.mds()).await();
    rememberBirth();
    formatDisks();
    // All that is dead before waiting for any: one that hangs must not keep the others away.
    Starting chunkservers = start(roles.chunkservers());
    Starting hosts = startHosts();
    List<KurveException> failures = chunkservers.failures();
    if (roles.chunkservers().size() - failures.size() < MAJORITY) {
      throw joined(failures);
    }
    hosts.await();
    awaitHealth(failures);
    createVolume();
    attachAgain();
    Machine.deadMounts(roles.hosts().stream().map(Roles.Spec::store).toList()).forEach(progress);
    return new Up(status(), failures.isEmpty() ? Optional.empty() : Optional.of(joined(failures)));
  }

  /** One line for all, with the first one's code and cure. */
  private static KurveException joined(List<KurveException> failures) {
    KurveException first = failures.getFirst();
    return new KurveException(
        first.code(),
        failures.stream().map(KurveException::text).collect(Collectors.joining("; ")),
        first.cure(),
        first);
  }

  private void refuseBusyPorts() {
    for (Roles.Spec spec : roles.all()) {
      if (!spec.role().equals(Roles.KEEPER) && process(spec).find().isEmpty()) {
        Ports.requireFree(spec.address().port(), spec.metrics().port() - spec.address().port() + 1);
      }
    }
  }

  /** Processes that run and may not be ready yet. */
  private record Starting(List<Started> processes) {
    private record Started(Roles.Spec spec, ServerProcess process, ProcessHandle handle) {}

    void await() throws IOException, InterruptedException {
      for (Started one : processes) {
        if (one.spec().role().equals(Roles.ETCD)) {
          one.process()
              .awaitReady(
                  one.handle(), START_LIMIT, () -> EtcdServer.listens(one.spec().address()));
        } else {
          one.process().awaitReady(one.handle(), START_LIMIT);
        }
      }
    }

    /** Of those that do not become ready; all have had the time for it then. */
    List<KurveException> failures() throws IOException, InterruptedException {
      List<KurveException> failures = new ArrayList<>();
      for (Started one : processes) {
        try {
          one.process().awaitReady(one.handle(), START_LIMIT);
        } catch (KurveException e) {
          failures.add(e);
        }
      }
      return failures;
    }
  }

  private Starting start(List<Roles.Spec> specs) throws IOException {
    List<Starting.Started> started = new ArrayList<>();
    for (Roles.Spec spec : specs) {
      ServerProcess process = process(spec);
      Optional<ProcessHandle> running = process.find();
      if (running.isEmpty()) {
        progress.accept("starting " + spec.name() + " ...");
      }
      // One that runs may have been started by a command that did not live to see it ready.
      started.add(
          new Starting.Started(
              spec, process, running.isPresent() ? running.get() : process.start(command(spec))));
    }
    return new Starting(started);
  }

  private List<String> command(Roles.Spec spec) {
    return spec.role().equals(Roles.ETCD)
        ? EtcdServer.command(spec.store(), spec.arguments())
        : process(spec).command(spec.role(), spec.arguments(), spec.javaFlags());
  }

  /** By their keepers, which start them again whenever they end. */
  private Starting startHosts() throws IOException {
    List<Starting.Started> started = new ArrayList<>();
    for (Roles.Spec host : roles.hosts()) {
      Roles.Spec spec = roles.keeperOf(host);
      ServerProcess hostProcess = process(host);
      ServerProcess keeperProcess = process(spec);
      Optional<ProcessHandle> keeper = keeperProcess.find();
      if (keeper.isEmpty()) {
        if (hostProcess.find().isEmpty()) {
          progress.accept("starting " + host.name() + " ...");
          hostProcess.forgetEarlier();
          Files.deleteIfExists(layout.outFile(host.name()));
        }
        List<String> command = new ArrayList<>(command(spec));
        command.addAll(command(host));
        keeper = Optional.of(keeperProcess.start(command));
      }
      started.add(new Starting.Started(spec, keeperProcess, keeper.get()));
      started.add(new Starting.Started(host, hostProcess, keeper.get()));
    }
    return new Starting(started);
  }

  private void rememberBirth() throws IOException {
    if (!Files.exists(layout.bornFile())) {
      Files.createFile(layout.bornFile());
    }
  }

  private void formatDisks() throws IOException {
    for (Roles.Spec spec : roles.chunkservers()) {
      if (!Files.exists(spec.store())) {
        progress.accept("preparing the disk of " + spec.name() + " ...");
        Disks.make(spec.store(), new ByteSize(settings.diskBytes()), settings.cluster());
      }
    }
  }

  /**
   * @param failures of chunkservers: without them it is not going to be better than degraded
   */
  private void awaitHealth(List<KurveException> failures) throws InterruptedException {
    progress.accept("waiting for the copysets ...");
    Instant end = Instant.now().plus(HEALTHY_LIMIT);
    while (true) {
      ClusterStatus status = call("the MDS", cluster().inspection().status());
      boolean usable =
          status.health() == Health.OK
              || (status.health() == Health.DEGRADED
                  && (!failures.isEmpty() || Instant.now().isAfter(end.minusSeconds(45))));
      if (usable) {
        status.reasons().stream().map(Playground::oneLine).forEach(progress);
        return;
      }
      if (Instant.now().isAfter(end)) {
        if (!failures.isEmpty()) {
          throw joined(failures);
        }
        String why =
            status.reasons().isEmpty()
                ? "no reason is known"
                : status.reasons().stream().map(Reason::text).collect(Collectors.joining("; "));
        throw new KurveException(
            ErrorCode.DEADLINE_EXCEEDED,
            "the cluster is not healthy after " + HEALTHY_LIMIT.toSeconds() + " s: " + why,
            "see `kurve cluster status --dir " + ShellWord.of(layout.directory()) + "`");
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  /** What a playground that is up has of trouble. */
  static String oneLine(Reason reason) {
    return "not healthy: " + reason.code() + ": " + reason.text() + " — " + reason.cure();
  }

  private void createVolume() throws IOException {
    boolean there =
        call("the MDS", cluster().volumes().list()).stream()
            .map(VolumeUse::volume)
            .anyMatch(
                volume -> volume.name().equals(VOLUME) && volume.state() == Volume.State.ACTIVE);
    if (Files.exists(layout.attachments())) {
      return;
    }
    if (there) { // made by a command that did not live to note where it belongs
      attachments.put(VOLUME, roles.hosts().getFirst().name());
      return;
    }
    progress.accept("creating volume " + VOLUME + " ...");
    call(
        "the MDS",
        cluster()
            .volumes()
            .create(
                "playground-" + settings.cluster(),
                new NewVolume(VOLUME, settings.volumeBytes(), 512, false)));
    attachments.put(VOLUME, roles.hosts().getFirst().name());
  }

  private void attachAgain() throws IOException {
    Optional<String> obstacle = Machine.noDevices();
    for (Map.Entry<String, String> wanted : attachments.read().entrySet()) {
      if (obstacle.isPresent()) {
        progress.accept("not attaching " + wanted.getKey() + ": " + obstacle.get());
      } else {
        attachAgain(wanted.getKey(), wanted.getValue());
      }
    }
  }

  private void attachAgain(String volume, String host) throws IOException {
    progress.accept("attaching " + volume + " on " + host + " ...");
    try {
      AttachedDevice device = attachOn(volume, host, Set.of());
      progress.accept(volume + " is " + device.device() + ", link " + device.link());
    } catch (KurveException e) {
      if (e.code() != ErrorCode.NOT_FOUND) {
        throw e;
      }
      progress.accept(volume + " was deleted: it is not attached again");
      attachments.remove(volume);
    }
  }

  /**
   * @param takeOver from every other host, however alive
   */
  public AttachedDevice attach(String volume, String host, boolean takeOver) throws IOException {
    Roles.Spec spec = requireHost(host);
    Optional<String> obstacle = Machine.noDevices();
    if (obstacle.isPresent()) {
      throw new KurveException(
          ErrorCode.UNSUPPORTED, volume + " can't be attached: " + obstacle.get(), "");
    }
    if (process(spec).find().isEmpty()) {
      throw new KurveException(
          ErrorCode.UNAVAILABLE,
          host + " does not run",
          "start it with `kurve playground up --dir " + ShellWord.of(layout.directory()) + "`");
    }
    Set<AttachmentId> losers =
        takeOver
            ? TakingOver.holders(
                cluster().volumes(), volume, held -> !held.host().equals(host), progress)
            : Set.of();
    AttachedDevice device = attachOn(volume, host, losers);
    attachments.put(volume, host);
    return device;
  }

  /**
   * The host itself says that the volume is attached, and by whom. If that is a host of its own
   * name, it is a dead predecessor's: this one does one operation on a volume at a time, and has no
   * such attachment.
   */
  private AttachedDevice attachOn(String volume, String host, Set<AttachmentId> losers) {
    try {
      return call(host, host(host).attach(volume, losers));
    } catch (KurveException e) {
      if (e.code() != ErrorCode.ATTACHED_ELSEWHERE
          || !Fencing.fence(
              cluster().volumes(), volume, held -> held.host().equals(host), progress)) {
        throw e;
      }
      return call(host, host(host).attach(volume, losers));
    }
  }

  /**
   * @param force turns a stall into errors; when no living host of this playground has it, takes it
   *     away from whoever the cluster says has it
   */
  public void detach(String volume, boolean force) throws IOException {
    Optional<String> holder =
        holders(volume, force).entrySet().stream()
            .min(Comparator.comparing(held -> held.getValue().state())) // a dead device comes last
            .map(Map.Entry::getKey);
    if (holder.isPresent()) {
      Detaching.detach(host(holder.get()), volume, force, holder.get(), progress);
      attachments.remove(volume);
      return;
    }
    if (force && Fencing.fence(cluster().volumes(), volume, held -> true, progress)) {
      attachments.remove(volume);
      return;
    }
    throw Detaching.notHere(cluster().volumes(), volume, "a host of this playground that runs");
  }

  /** Lets every device of a volume take over its new size. */
  public void growDevices(String volume) {
    for (String holder : holders(volume, false).keySet()) {
      AttachedDevice device = call(holder, host(holder).resize(volume));
      progress.accept(device.device() + " has grown");
    }
  }

  /**
   * Which living hosts have a device of the volume.
   *
   * @param passOver those that don't answer
   */
  private Map<String, AttachedDevice> holders(String volume, boolean passOver) {
    Map<String, AttachedDevice> holders = new LinkedHashMap<>();
    for (Roles.Spec spec : roles.hosts()) {
      if (process(spec).find().isPresent()) {
        try {
          Connections.await(
                  host(spec.name()).list(), passOver ? HANGS_AFTER : CALL_LIMIT, spec.name())
              .stream()
              .filter(device -> device.volumeName().equals(volume))
              .forEach(device -> holders.put(spec.name(), device));
        } catch (KurveException e) {
          if (!passOver || e.code() != ErrorCode.DEADLINE_EXCEEDED) {
            throw e;
          }
          progress.accept(e.text());
        }
      }
    }
    return holders;
  }

  private Roles.Spec requireHost(String host) {
    return roles.hosts().stream()
        .filter(spec -> spec.name().equals(host))
        .findFirst()
        .orElseThrow(() ->
            new KurveException(
                ErrorCode.NOT_FOUND,
                "there is no host " + host + " in this playground",
                "its hosts are "
                    + String.join(", ", roles.hosts().stream().map(Roles.Spec::name).toList())));
  }

  /** Ends all processes; the data stays. Refuses while a device is mounted, or part of another. */
  public void down() throws IOException, InterruptedException {
    try (PlaygroundLock _ = PlaygroundLock.take(layout)) {
      downAlone(true);
    }
  }

  /** Ends all processes and removes all data. */
  public void destroy() throws IOException, InterruptedException {
    try (PlaygroundLock _ = PlaygroundLock.take(layout)) {
      downAlone(false);
      PlaygroundMaker.remove(layout);
    }
  }

  private void downAlone(boolean dataWanted) throws IOException, InterruptedException {
    List<Path> runs = roles.hosts().stream().map(Roles.Spec::store).toList();
    Machine.refuseClaimed(runs);
    for (Roles.Spec spec : roles.hosts()) {
      if (isHostThere(spec)) {
        progress.accept("stopping " + spec.name() + " ...");
        detachAll(spec, dataWanted);
      }
      // It ends its host, and would start it again.
      process(roles.keeperOf(spec)).stop(HOST_STOP_PATIENCE);
      process(spec).stop(HOST_STOP_PATIENCE);
    }
    Machine.clearLeftovers(runs);
    progress.accept("stopping the chunkservers ...");
    ServerProcess.stopAll(roles.chunkservers().stream().map(this::process).toList(), STOP_PATIENCE);
    List<Roles.Spec> last = new ArrayList<>(roles.mds());
    last.addAll(roles.etcd());
    for (Roles.Spec spec : last) {
      progress.accept("stopping " + spec.name() + " ...");
      process(spec).stop(STOP_PATIENCE);
    }
  }

  /** One that has just died is back in a moment, and then has all devices. */
  private boolean isHostThere(Roles.Spec spec) throws InterruptedException {
    Instant end = Instant.now().plus(RESTART_PATIENCE);
    while (process(spec).find().isEmpty()) {
      if (process(roles.keeperOf(spec)).find().isEmpty() || Instant.now().isAfter(end)) {
        return false;
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
    return true;
  }

  private void detachAll(Roles.Spec spec, boolean dataWanted)
      throws IOException, InterruptedException {
    Takedown takedown =
        new Takedown(
            this::quorum,
            () -> Machine.refuseClaimed(List.of(spec.store())),
            WRITE_OUT_PATIENCE,
            progress);
    try {
      takedown.detachAll(spec.name(), host(spec.name()), dataWanted);
    } catch (KurveException e) {
      if (e.code() == ErrorCode.IN_USE) {
        throw e;
      }
      progress.accept(
          spec.name()
              + " could not detach: "
              + e.text()
              + "; ending it: what was written and not synced may be lost");
    }
  }

  /** Each copyset has three replicas: with one disk away all of them go on. */
  private Takedown.Quorum quorum() {
    int disks = roles.chunkservers().size();
    long living =
        roles.chunkservers().stream().filter(spec -> process(spec).find().isPresent()).count();
    if (living >= disks - 1) {
      return Takedown.Quorum.ALL;
    }
    return living >= 2 ? Takedown.Quorum.SOME : Takedown.Quorum.NONE;
  }

  public PlaygroundStatus status() {
    HostAndPort leader = orElse("the leader of the MDS", this::leader, null);
    List<ProcessStatus> processes =
        roles.all().stream()
            .map(spec ->
                new ProcessStatus(
                    spec.role(),
                    spec.name(),
                    process(spec).find().map(ProcessHandle::pid).orElse(null),
                    addressOf(spec),
                    spec.role().equals(Roles.KEEPER) ? null : spec.metrics().toString(),
                    spec.store().toString(),
                    spec.role().equals(Roles.MDS) ? spec.address().equals(leader) : null))
            .toList();
    return new PlaygroundStatus(
        orElse("the device", this::device, null),
        leader == null ? asMade() : orElse("the volume", this::volume, asMade()),
        processes);
  }

  private String addressOf(Roles.Spec spec) {
    return spec.role().equals(Roles.KEEPER)
        ? spec.store().resolve(Layout.KEEPER_SOCKET).toString()
        : spec.address().toString();
  }

  private @Nullable HostAndPort leader() {
    boolean none = roles.mds().stream().allMatch(spec -> process(spec).find().isEmpty());
    return none ? null : call("the MDS", cluster().inspection().leader()).address();
  }

  /** A server that does not answer must not keep the rest from being shown. */
  private <T> @Nullable T orElse(
      String what, Supplier<@Nullable T> question, @Nullable T otherwise) {
    try {
      return question.get();
    } catch (KurveException e) {
      progress.accept(what + " is not known: " + e.oneLine());
      return otherwise;
    }
  }

  private @Nullable String device() {
    return holders(VOLUME, true).values().stream()
        .min(Comparator.comparing(AttachedDevice::state)) // one that a host lost comes last
        .map(AttachedDevice::device)
        .orElse(null);
  }

  private VolumeStatus asMade() {
    return new VolumeStatus(VOLUME, settings.volumeBytes(), null);
  }

  private @Nullable VolumeStatus volume() {
    try {
      VolumeUse use = call("the MDS", cluster().volumes().info(VOLUME));
      Volume volume = use.volume();
      return new VolumeStatus(volume.name(), volume.sizeBytes(), volume.mappedBytes());
    } catch (KurveException e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        return null;
      }
      throw e;
    }
  }

  /** The log of one process, the oldest part first; parts may be missing. */
  public List<Path> logs(String name) {
    if (roles.all().stream().noneMatch(spec -> spec.name().equals(name))) {
      throw new KurveException(
          ErrorCode.NOT_FOUND,
          "there is no process " + name + " in this playground",
          "its processes are "
              + String.join(", ", roles.all().stream().map(Roles.Spec::name).toList()));
    }
    return layout.logs(name);
  }

  public Layout layout() {
    return layout;
  }

  private ServerProcess process(Roles.Spec spec) {
    return new ServerProcess(layout, spec.name());
  }

  private Connections.Cluster cluster() {
    return connections.cluster(ClusterFile.read(layout.clusterFile()));
  }

  private VolumeHostService host(String name) {
    return cluster().volumeHost(layout.socket(name));
  }

  private static <T extends @Nullable Object> T call(
      String whom, java.util.concurrent.CompletionStage<T> stage) {
    return Connections.await(stage, CALL_LIMIT, whom);
  }
}
