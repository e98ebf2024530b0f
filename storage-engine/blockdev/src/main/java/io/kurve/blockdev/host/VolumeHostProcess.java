package io.kurve.blockdev.host;

import io.kurve.blockdev.keeper.KeptAttachment;
import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.client.cluster.KurveClient;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.time.SystemRandom;
import io.kurve.protocol.control.ControlServer;
import io.kurve.protocol.control.MdsClient;
import io.kurve.protocol.control.MdsClientConfig;
import io.kurve.protocol.control.VolumeHostServices;
import io.kurve.protocol.handshake.ClusterKey;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Role;
import io.kurve.protocol.observability.ObservabilityServer;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A volume host from start to stop. It starts from the kernel upwards and stops in the reverse
 * order: nobody can ask for a device before a dead predecessor's are cleared.
 */
final class VolumeHostProcess implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VolumeHostProcess.class);
  private static final int OPERATIONS = 32;
  private static final Duration PREDECESSOR_DEADLINE = Duration.ofSeconds(10);

  private static final Duration HAND_OVER = Duration.ofSeconds(2);
  private static final Duration PATIENT_HAND_OVER = Duration.ofSeconds(25);

  private static final Duration SUCCESSOR = Duration.ofSeconds(10);

  /** Not 0: another one is wanted. */
  private static final int EXIT_HANDED_OVER = 75;

  /** Done when the keeper has said what is to become of this host. */
  private final CompletableFuture<@Nullable Void> asked = new CompletableFuture<>();

  /** The keeper said so: nobody is to go on. */
  private volatile boolean stopAsked;

  /** The last one started is closed first. */
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  private VolumeHostProcess() {}

  static VolumeHostProcess start(VolumeHostArguments arguments, Posix posix, FaultHandler faults)
      throws IOException, InterruptedException {
    VolumeHostProcess process = new VolumeHostProcess();
    boolean started = false;
    try {
      process.startParts(arguments, posix, faults);
      started = true;
      return process;
    } catch (IOException | RuntimeException e) {
      LOG.error("the volume host can't start", e); // closing may be the end of this process
      throw e;
    } finally {
      if (!started) {
        process.close();
      }
    }
  }

  private void startParts(VolumeHostArguments arguments, Posix posix, FaultHandler faults)
      throws IOException, InterruptedException {
    CollectorRegistry registry = new CollectorRegistry();
    ClusterKey key = ClusterKey.load(arguments.keyFile());
    Identity identity = Identity.of(arguments.clusterId(), key, Role.VOLUME_HOST);
    MdsClient mds = part(new MdsClient(arguments.mds(), identity, MdsClientConfig.defaults()));
    KurveClient client =
        part(new KurveClient(identity, arguments.host(), mds.metadata(), registry, faults));

    DescriptorOwner descriptors = new DescriptorOwner(posix);
    Optional<KeeperLink> link = keeper(arguments, descriptors);
    List<KeptAttachment> left = link.isPresent() ? link.get().succeed() : List.of();
    RunDirectory run = part(RunDirectory.lock(arguments.places().run()));
    Files.deleteIfExists(arguments.readyFile());
    BlockDevices kernel =
        BlockDevices.in(
            run,
            arguments.places().links(),
            new BlockDevices.Held(descriptors, keepingOf(link)),
            posix,
            registry,
            faults);
    ExecutorService operations =
        new ThreadPoolExecutor(0, OPERATIONS, 30, TimeUnit.SECONDS, new SynchronousQueue<>());
    part(operations::shutdownNow);
    GivingUp givingUp = new GivingUp(new SystemRandom());
    Openings openings = new Openings(client::open, run, kernel.devices(), givingUp);
    VolumeHost host =
        new VolumeHost(
            openings, kernel.devices(), givingUp, operations, VolumeHost.Patience.STANDARD);
    part(() -> shutDown(host, link));
    goOn(left, run.otherCluster(arguments.clusterId()).isEmpty(), kernel, link, client, host);
    kernel.leftovers().clear();
    link.ifPresent(this::serveUnder);
    forgetOtherClusters(run, arguments.clusterId(), kernel.leftovers(), openings);
    giveUpPredecessors(arguments.host(), kernel.leftovers(), openings, mds.metadata(), givingUp);

    part(
        ControlServer.startOnSocket(
            arguments.places().socket(), identity, new VolumeHostServices(host)));
    ObservabilityServer observability =
        part(
            ObservabilityServer.start(
                arguments.metrics(),
                registry,
                new ObservabilityServer.Probes(Optional::empty, Optional::empty)));
    Path ready = arguments.readyFile();
    Files.writeString(ready, observability.address() + "\n");
    part(() -> Files.deleteIfExists(ready));
    LOG.info(
        "volume host {} serves on {}, metrics on {}",
        arguments.host(),
        arguments.places().socket(),
        observability.address());
  }

  private static Optional<KeeperLink> keeper(
      VolumeHostArguments arguments, DescriptorOwner descriptors)
      throws IOException, InterruptedException {
    Optional<Path> socket = arguments.places().keeper();
    return socket.isPresent()
        ? Optional.of(KeeperLink.connect(socket.get(), descriptors))
        : Optional.empty();
  }

  private static Keeping keepingOf(Optional<KeeperLink> link) {
    return link.isPresent() ? link.get() : Keeping.NONE;
  }

  private static void goOn(
      List<KeptAttachment> left,
      boolean ours,
      BlockDevices kernel,
      Optional<KeeperLink> link,
      KurveClient client,
      VolumeHost host)
      throws InterruptedException {
    Inheritance inheritance =
        new Inheritance(
            kernel.mounts(),
            kernel.devices(),
            kernel.descriptors(),
            keepingOf(link),
            client::resume);
    if (ours) {
      kernel.leftovers().keep(inheritance.goOn(left, host));
    } else {
      inheritance.abandonAll(left);
    }
  }

  private void serveUnder(KeeperLink link) {
    try {
      link.serve(
          () -> {
            asked.complete(null);
            exit("hand-over", EXIT_HANDED_OVER);
          },
          () -> {
            stopAsked = true;
            asked.complete(null);
            exit("stop", 0);
          });
    } catch (PosixException e) {
      LOG.warn("the keeper does not hear that this host serves", e);
    }
  }

  /** On a thread of its own: exiting waits for the shut-down. */
  private static void exit(String name, int code) {
    Thread.ofPlatform().daemon().name(name).start(() -> System.exit(code));
  }

  /** Under a keeper that did not say stop, another process goes on. */
  private void shutDown(VolumeHost host, Optional<KeeperLink> link) throws InterruptedException {
    if (link.isEmpty() || stopAsked || !link.get().isConnected()) {
      host.shutDown();
      return;
    }
    awaitSuccessor(link.get());
    if (stopAsked) {
      host.shutDown();
      return;
    }
    host.handOver(host.allResend() ? HAND_OVER : PATIENT_HAND_OVER);
    LOG.info("handed over");
    // At once: what is still open here, nobody needs, and I/O stands still until this process ends.
    Runtime.getRuntime().halt(EXIT_HANDED_OVER);
  }

  /** This host serves until the next one is ready, or for so long. */
  private void awaitSuccessor(KeeperLink link) throws InterruptedException {
    try {
      if (!asked.isDone()) {
        link.askForSuccessor();
      }
      asked.get(SUCCESSOR.toMillis(), TimeUnit.MILLISECONDS);
    } catch (PosixException | TimeoutException | ExecutionException e) {
      LOG.warn("no successor is ready: I/O stands still until one is", e);
    }
  }

  /** In this cluster their ids are somebody else's, or nobody's. */
  private static void forgetOtherClusters(
      RunDirectory run, ClusterId own, Leftovers leftovers, Openings openings) throws IOException {
    Optional<ClusterId> other = run.otherCluster(own);
    if (other.isPresent()) {
      List<AttachmentId> theirs = leftovers.attachments();
      LOG.warn(
          "{} was a host's of cluster {}: its attachments {} are not given up here",
          run.mounts(),
          other.get(),
          theirs);
      theirs.forEach(attachment -> forget(leftovers, attachment));
      openings.forgetLeftovers();
    }
    run.claim(own);
  }

  /** A killed host's attachments would keep its volumes from being attached again. */
  private static void giveUpPredecessors(
      String host,
      Leftovers leftovers,
      Openings openings,
      MetadataService metadata,
      GivingUp givingUp)
      throws IOException, InterruptedException {
    List<CompletableFuture<Void>> all = new ArrayList<>(openings.giveUpLeftovers(host, metadata));
    for (AttachmentId attachment : leftovers.attachments()) {
      all.add(
          givingUp
              .start(attachment + " of a killed host", () -> metadata.close(host, attachment))
              .thenRun(() -> forget(leftovers, attachment)));
    }
    try {
      var unused =
          CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
              .get(PREDECESSOR_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      LOG.warn("attachments of a killed host are not given up yet: their volumes stay held");
    } catch (ExecutionException e) {
      LOG.warn("attachments of a killed host were not given up", e);
    }
  }

  private static void forget(Leftovers leftovers, AttachmentId attachment) {
    try {
      leftovers.forget(attachment);
    } catch (IOException e) {
      LOG.warn("the directory of {} could not be removed", attachment, e);
    }
  }

  private <T extends AutoCloseable> T part(T part) {
    parts.push(part);
    return part;
  }

  /** Detaches what nobody uses; see {@link VolumeHost#shutDown}. */
  @Override
  public void close() {
    while (!parts.isEmpty()) {
      AutoCloseable part = parts.pop();
      try {
        part.close();
      } catch (Exception e) { // the top of the way down: the other parts must go too
        LOG.warn("stopping: {} did not close", part, e);
      }
    }
  }
}
