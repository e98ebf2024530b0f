package io.kurve.chunkserver.server;

import io.kurve.core.failure.ExitCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.ChunkserverRegistry.Addresses;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import jdk.management.VirtualThreadSchedulerMXBean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code kurve chunkserver}. */
public final class ChunkserverMain {
  private static final Logger log = LoggerFactory.getLogger(ChunkserverMain.class);

  /** Half of what the JVM allows. */
  private static final int MOST_CARRIERS = 128;

  private ChunkserverMain() {}

  public static void main(String[] arguments) {
    if (List.of(arguments).contains("--help")) {
      System.out.println(ChunkserverConfig.USAGE);
      return;
    }
    try {
      run(ChunkserverConfig.parse(arguments));
    } catch (KurveException e) {
      System.err.println("kurve chunkserver: " + e.oneLine());
      System.exit(ExitCode.of(e.code()).number());
    } catch (IOException e) {
      System.err.println("kurve chunkserver: " + e.getMessage());
      System.exit(ExitCode.of(e).number());
    }
  }

  private static void run(ChunkserverConfig config) throws IOException {
    log.info("starts with {}", config);
    FaultHandler faults = new ProcessHalt();
    CarrierWatch carriers = watchCarriers(faults);
    Chunkserver chunkserver = new Chunkserver(config, faults);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform().name("stop").unstarted(() -> stop(chunkserver, carriers)));
    chunkserver.start();
    if (config.ports().readyFile().isPresent()) {
      writeReadyFile(config.ports().readyFile().get(), chunkserver.addresses());
    }
  }

  private static CarrierWatch watchCarriers(FaultHandler faults) {
    VirtualThreadSchedulerMXBean scheduler =
        ManagementFactory.getPlatformMXBean(VirtualThreadSchedulerMXBean.class);
    return CarrierWatch.start(
        scheduler.getParallelism(), MOST_CARRIERS, scheduler::setParallelism, faults);
  }

  private static void stop(Chunkserver chunkserver, CarrierWatch carriers) {
    try (carriers) {
      chunkserver.close();
    } catch (IOException e) {
      log.warn("stopped with an error", e);
    }
  }

  /** Whoever waits for the file sees it whole. */
  private static void writeReadyFile(Path file, Addresses addresses) throws IOException {
    Path draft = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(
        draft,
        """
        pid=%d
        data=%s
        control=%s
        metrics=%s
        """
            .formatted(
                ProcessHandle.current().pid(),
                addresses.data(),
                addresses.control(),
                addresses.metrics()));
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
