package io.kurve.mds;

import io.kurve.core.failure.ExitCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.time.SystemRandom;
import io.kurve.core.time.ThreadEventLoop;
import io.kurve.mds.leadership.MdsPorts;
import io.kurve.mds.leadership.Timings;
import io.kurve.protocol.control.ChunkserverCommandsClient;
import io.kurve.protocol.control.ControlServer;
import io.kurve.protocol.control.MdsServices;
import io.kurve.protocol.handshake.ClusterKey;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Role;
import io.kurve.protocol.observability.ObservabilityServer;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.hotspot.DefaultExports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code kurve mds}: the metadata server, alone on an embedded store or one of some on etcd. */
public final class MdsMain {
  private static final Logger LOG = LoggerFactory.getLogger(MdsMain.class);
  private static final int EXIT_FAULT = 70;
  private static final long STOP_MILLIS = 1_000;

  private MdsMain() {}

  public static void main(String[] arguments) {
    if (List.of(arguments).contains("--help")) {
      System.out.print(MdsArguments.HELP);
      return;
    }
    try {
      run(MdsArguments.parse(List.of(arguments)));
    } catch (KurveException refusal) {
      System.err.println("kurve mds: " + refusal.oneLine());
      System.exit(ExitCode.of(refusal.code()).number());
    } catch (IOException failed) {
      System.err.println("kurve mds: the metadata store can't be opened: " + failed.getMessage());
      System.exit(ExitCode.of(failed).number());
    }
  }

  private static void run(MdsArguments arguments) throws IOException {
    FaultHandler faults = MdsMain::halt;
    Identity self =
        Identity.of(arguments.cluster(), ClusterKey.load(arguments.keyFile()), Role.MDS);
    CollectorRegistry registry = new CollectorRegistry();
    DefaultExports.register(registry);
    MetastoreOpening opening = new MetastoreOpening(arguments.metastore(), arguments.cluster());
    MetaStore store = opening.open(faults);
    opening.check(store, arguments.bootstrap());

    ThreadEventLoop loop = new ThreadEventLoop("mds", faults).start();
    ChunkserverAddresses addresses = new ChunkserverAddresses();
    Timings timings = Timings.standard();
    ChunkserverCommandsClient commands =
        new ChunkserverCommandsClient(addresses::control, self, timings.deadline());
    Mds mds =
        new Mds(
            new MdsPorts(
                loop,
                store,
                commands,
                new SystemRandom(),
                InstantSource.system(),
                faults,
                addresses),
            timings,
            arguments.repair(),
            arguments.place().advertised().orElse(arguments.place().listen()),
            new MdsMetrics(registry));
    ControlServer control =
        ControlServer.start(
            arguments.place().listen(),
            self,
            new MdsServices(mds.metadata(), mds.volumes(), mds.registry(), mds.inspection()));
    ObservabilityServer observability =
        ObservabilityServer.start(
            arguments.place().metrics(),
            registry,
            new ObservabilityServer.Probes(Optional::empty, mds::notReady));
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  // Another can lead at once; should the store not answer, its lease ends.
                  awaitBriefly(mds.stop());
                  control.close();
                  observability.close();
                  commands.close();
                  store.close();
                  loop.close();
                },
                "mds-stop"));
    mds.start();
    LOG.info("listening on {}, metrics on {}", control.address(), observability.address());
    join(mds.inPlace());
    if (arguments.readyFile().isPresent()) {
      writeReady(
          arguments.readyFile().get(),
          "pid="
              + ProcessHandle.current().pid()
              + "\n"
              + "address="
              + control.address()
              + "\n"
              + "metrics="
              + observability.address()
              + "\n");
    }
  }

  private static <T> T join(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().join();
    } catch (CompletionException failed) {
      if (failed.getCause() instanceof KurveException known) {
        throw known;
      }
      throw failed;
    }
  }

  private static void awaitBriefly(CompletionStage<Void> stopped) {
    try {
      var _ = stopped.toCompletableFuture().get(STOP_MILLIS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException late) {
      LOG.warn("the metadata store was not told that this MDS stops: {}", late.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Appears whole or not at all. */
  private static void writeReady(Path file, String text) throws IOException {
    Path beside = file.resolveSibling(file.getFileName() + ".new");
    Path _ = Files.writeString(beside, text);
    Path _ = Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static Error halt(String what, Throwable cause) {
    LOG.error("halting: {}", what, cause);
    Runtime.getRuntime().halt(EXIT_FAULT);
    return new Error(what, cause);
  }
}
