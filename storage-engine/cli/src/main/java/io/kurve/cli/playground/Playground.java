package io.kurve.cli.playground;

import io.kurve.cli.Connections;
import io.kurve.cli.config.ClusterFile;
import io.kurve.cli.playground.PlaygroundStatus.ProcessStatus;
import io.kurve.cli.playground.PlaygroundStatus.VolumeStatus;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.ClusterInspection.ClusterStatus;
import io.kurve.core.metadata.ClusterInspection.Health;
import io.kurve.core.metadata.VolumeAdmin;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The steps that bring a playground up and down. Each can be repeated after a crash at any point.
 */
public final class Playground {
  public static final String VOLUME = "demo";
  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final Duration HEALTHY_LIMIT = Duration.ofSeconds(60);
  private static final Duration CALL_LIMIT = Duration.ofSeconds(30);
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(10);

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

  /** Starts what does not run, makes and attaches what is missing. */
  public PlaygroundStatus up() throws IOException, InterruptedException {
    refuseBusyPorts();
    start(List.of(roles.mds()));
    rememberBirth();
    formatDisks();
    start(roles.chunkservers());
    awaitHealth();
    List<String> startedHosts = startHosts();
    createVolume();
    attachAgain(startedHosts);
    return status();
  }

  private void refuseBusyPorts() {
    for (Roles.Spec spec : roles.all()) {
      if (process(spec).find().isEmpty() && Ports.isBusy(spec.address().port())) {
        throw Ports.busy(spec.address().port());
      }
    }
  }

  private void start(List<Roles.Spec> specs) throws IOException, InterruptedException {
    record Started(ServerProcess process, ProcessHandle handle) {}
    List<Started> started = new ArrayList<>();
    for (Roles.Spec spec : specs) {
      ServerProcess process = process(spec);
      if (process.find().isEmpty()) {
        progress.accept("starting " + spec.name() + " ...");
        started.add(
            new Started(process, process.start(spec.role(), spec.arguments(), spec.javaFlags())));
      }
    }
    for (Started one : started) {
      one.process().awaitReady(one.handle(), START_LIMIT);
    }
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

  private void awaitHealth() throws InterruptedException {
    progress.accept("waiting for the copysets ...");
    Instant end = Instant.now().plus(HEALTHY_LIMIT);
    while (true) {
      ClusterStatus status = call("the MDS", cluster().inspection().status());
      boolean usable =
          status.health() == Health.OK
              || (status.health() == Health.DEGRADED
                  && Instant.now().isAfter(end.minusSeconds(45)));
      if (usable) {
        return;
      }
      if (Instant.now().isAfter(end)) {
        String why =
            status.reasons().isEmpty()
                ? "no reason is known"
                : status.reasons().getFirst().object() + ": " + status.reasons().getFirst().text();
        throw new KurveException(
            ErrorCode.DEADLINE_EXCEEDED,
            "the cluster is not healthy after " + HEALTHY_LIMIT.toSeconds() + " s: " + why,
            "see `kurve cluster status --dir " + layout.directory() + "`");
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  /** The names of the hosts that did not run. */
  private List<String> startHosts() throws IOException, InterruptedException {
    List<Roles.Spec> missing =
        roles.hosts().stream().filter(spec -> process(spec).find().isEmpty()).toList();
    start(missing);
    return missing.stream().map(Roles.Spec::name).toList();
  }

  private void createVolume() throws IOException {
    boolean there =
        call("the MDS", cluster().volumes().list()).stream()
            .anyMatch(use -> use.volume().name().equals(VOLUME));
    if (there || Files.exists(layout.attachments())) {
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

  private void attachAgain(List<String> startedHosts) throws IOException {
    Optional<String> obstacle = Machine.noDevices();
    for (Map.Entry<String, String> wanted : attachments.read().entrySet()) {
      if (obstacle.isPresent()) {
        progress.accept("not attaching " + wanted.getKey() + ": " + obstacle.get());
      } else {
        attach(wanted.getKey(), wanted.getValue(), startedHosts.contains(wanted.getValue()));
      }
    }
  }

  /**
   * Attaches a volume on a host of this playground.
   *
   * @param hostIsNew its process was started just now: what an earlier one had open is its dead
   *     predecessor's and is fenced first
   */
  private void attach(String volume, String host, boolean hostIsNew) {
    if (hostIsNew) {
      VolumeAdmin volumes = cluster().volumes();
      for (Attachment old : call("the MDS", volumes.info(volume)).attachments()) {
        if (old.host().equals(host)) {
          progress.accept("fencing what " + host + " had open of " + volume + " ...");
          call("the MDS", volumes.fence(old.id()));
        }
      }
    }
    progress.accept("attaching " + volume + " on " + host + " ...");
    AttachedDevice device = call(host, host(host).attach(volume));
    progress.accept(volume + " is " + device.device() + ", link " + device.link());
  }

  public AttachedDevice attach(String volume, String host) throws IOException {
    requireHost(host);
    Optional<String> obstacle = Machine.noDevices();
    if (obstacle.isPresent()) {
      throw new KurveException(
          ErrorCode.UNSUPPORTED, volume + " can't be attached: " + obstacle.get(), "");
    }
    AttachedDevice device = call(host, host(host).attach(volume));
    attachments.put(volume, host);
    return device;
  }

  public void detach(String volume, boolean force) throws IOException {
    for (Roles.Spec spec : roles.hosts()) {
      if (process(spec).find().isPresent()
          && call(spec.name(), host(spec.name()).list()).stream()
              .anyMatch(device -> device.volumeName().equals(volume))) {
        call(spec.name(), host(spec.name()).detach(volume, force));
        attachments.remove(volume);
        return;
      }
    }
    throw new KurveException(
        ErrorCode.NOT_FOUND,
        volume + " is not attached on a host of this playground",
        "see `kurve volume info " + volume + "`");
  }

  /** Lets every device of a volume take over its new size. */
  public void growDevices(String volume) {
    for (Roles.Spec spec : roles.hosts()) {
      if (process(spec).find().isPresent()
          && call(spec.name(), host(spec.name()).list()).stream()
              .anyMatch(device -> device.volumeName().equals(volume))) {
        AttachedDevice device = call(spec.name(), host(spec.name()).resize(volume));
        progress.accept(device.device() + " has grown");
      }
    }
  }

  private void requireHost(String host) {
    if (roles.hosts().stream().noneMatch(spec -> spec.name().equals(host))) {
      throw new KurveException(
          ErrorCode.NOT_FOUND,
          "there is no host " + host + " in this playground",
          "its hosts are "
              + String.join(", ", roles.hosts().stream().map(Roles.Spec::name).toList()));
    }
  }

  /** Ends all processes; the data stays. Refuses while a device is mounted. */
  public void down() throws IOException, InterruptedException {
    List<Path> runs = roles.hosts().stream().map(Roles.Spec::store).toList();
    Machine.refuseMounted(runs);
    for (Roles.Spec spec : roles.hosts()) {
      if (process(spec).find().isPresent()) {
        progress.accept("stopping " + spec.name() + " ...");
        detachAll(spec);
        process(spec).stop(STOP_PATIENCE);
      }
    }
    Machine.clearLeftovers(runs);
    for (Roles.Spec spec : roles.chunkservers()) {
      progress.accept("stopping " + spec.name() + " ...");
      process(spec).stop(STOP_PATIENCE);
    }
    progress.accept("stopping " + roles.mds().name() + " ...");
    process(roles.mds()).stop(STOP_PATIENCE);
  }

  private void detachAll(Roles.Spec spec) {
    try {
      for (AttachedDevice device : call(spec.name(), host(spec.name()).list())) {
        boolean healthy = usable();
        call(spec.name(), host(spec.name()).detach(device.volumeName(), !healthy));
      }
    } catch (KurveException e) {
      if (e.code() == ErrorCode.IN_USE) {
        throw e;
      }
      progress.accept(spec.name() + " could not detach: " + e.text() + "; ending it");
    }
  }

  /** False while the MDS is dead or some volume waits for a quorum. */
  private boolean usable() {
    if (process(roles.mds()).find().isEmpty()) {
      return false;
    }
    long living =
        roles.chunkservers().stream().filter(spec -> process(spec).find().isPresent()).count();
    return living == roles.chunkservers().size();
  }

  public PlaygroundStatus status() {
    List<ProcessStatus> processes =
        roles.all().stream()
            .map(spec ->
                new ProcessStatus(
                    spec.role(),
                    spec.name(),
                    process(spec).find().map(ProcessHandle::pid).orElse(null),
                    spec.address().toString(),
                    spec.metrics().toString(),
                    spec.store().toString()))
            .toList();
    return new PlaygroundStatus(device(), volume(), processes);
  }

  private @Nullable String device() {
    for (Roles.Spec spec : roles.hosts()) {
      if (process(spec).find().isPresent()) {
        Optional<AttachedDevice> demo =
            call(spec.name(), host(spec.name()).list()).stream()
                .filter(device -> device.volumeName().equals(VOLUME))
                .findFirst();
        if (demo.isPresent()) {
          return demo.get().device();
        }
      }
    }
    return null;
  }

  private @Nullable VolumeStatus volume() {
    if (process(roles.mds()).find().isEmpty()) {
      return null;
    }
    try {
      VolumeUse use = call("the MDS", cluster().volumes().info(VOLUME));
      return new VolumeStatus(use.volume().name(), use.volume().sizeBytes());
    } catch (KurveException e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        return null;
      }
      throw e;
    }
  }

  /** The log of one process. */
  public Path log(String name) {
    if (roles.all().stream().noneMatch(spec -> spec.name().equals(name))) {
      throw new KurveException(
          ErrorCode.NOT_FOUND,
          "there is no process " + name + " in this playground",
          "its processes are "
              + String.join(", ", roles.all().stream().map(Roles.Spec::name).toList()));
    }
    return layout.logFile(name);
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
