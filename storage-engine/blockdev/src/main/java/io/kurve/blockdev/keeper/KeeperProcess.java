package io.kurve.blockdev.keeper;

import io.kurve.blockdev.keeper.KeeperCore.Action;
import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.blockdev.posix.PosixProcesses;
import io.kurve.blockdev.posix.PosixSockets;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A keeper on this machine: does what {@link KeeperCore} decides. Each connection and each process
 * that it watches has a thread; what they tell is handled one at a time.
 */
final class KeeperProcess {
  private static final Logger LOG = LoggerFactory.getLogger(KeeperProcess.class);
  private static final Duration HAND_OVER = Duration.ofSeconds(3);

  /** For kernels that don't send again: then all must be answered first. */
  private static final Duration PATIENT_HAND_OVER = Duration.ofSeconds(28);

  private static final Duration STOP = Duration.ofSeconds(60);
  private static final Duration LOOK = Duration.ofMillis(100);

  private final KeeperArguments arguments;
  private final PosixSockets sockets = new PosixSockets();
  private final PosixProcesses processes;
  private final int listener;
  private final FileChannel lockFile;
  private final CompletableFuture<Integer> end = new CompletableFuture<>();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());

  /** Guards all below. */
  private final ReentrantLock lock = new ReentrantLock();

  private final KeeperCore core = new KeeperCore();
  private final Deposits deposits;
  private final Map<Long, KeeperChannel> hosts = new TreeMap<>();
  private final Map<Long, Integer> watched = new TreeMap<>();
  private final List<KeeperChannel> askers = new ArrayList<>();

  private KeeperProcess(
      KeeperArguments arguments, Posix posix, int listener, FileChannel lockFile) {
    this.arguments = arguments;
    this.processes = new PosixProcesses(posix);
    this.deposits = new Deposits(posix);
    this.listener = listener;
    this.lockFile = lockFile;
  }

  static KeeperProcess start(KeeperArguments arguments, Posix posix) throws IOException {
    Files.createDirectories(arguments.run());
    FileChannel lockFile = lockAlone(arguments.run().resolve("keeper.lock"));
    Files.deleteIfExists(arguments.socket());
    int listener = new PosixSockets().listen(arguments.socket().toString());
    Files.setPosixFilePermissions(arguments.socket(), PosixFilePermissions.fromString("rw-------"));
    KeeperProcess keeper = new KeeperProcess(arguments, posix, listener, lockFile);
    daemon("accept", keeper::accept);
    boolean hostLives = keeper.isHostAlive();
    if (hostLives) {
      LOG.info("a volume host of an earlier keeper lives: waiting for what it has");
      daemon("stranger", keeper::watchStranger);
    }
    keeper.tell(() -> keeper.core.begin(hostLives));
    Files.writeString(arguments.readyFile(), arguments.socket() + "\n");
    return keeper;
  }

  private static FileChannel lockAlone(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (tryLock(channel) == null) {
      channel.close();
      throw new KurveException(
          ErrorCode.IN_USE, "another keeper has " + file, "stop it, or leave it be");
    }
    return channel;
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  /** By the lock that it holds on its run directory. */
  private boolean isHostAlive() throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            arguments.run().resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      return tryLock(channel) == null;
    }
  }

  private void watchStranger() throws IOException, InterruptedException {
    while (isHostAlive()) {
      Thread.sleep(LOOK);
    }
    tell(core::strangerEnded);
  }

  /** Ends when there is no host any more and none is to come. */
  int awaitEnd() throws InterruptedException {
    try {
      return end.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Lets the host detach all and end. */
  void stop() throws IOException {
    tell(core::stop);
    try {
      var unused = end.get(STOP.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.warn("the volume host did not end within {}", STOP, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Files.deleteIfExists(arguments.socket());
    Files.deleteIfExists(arguments.readyFile());
    lockFile.close();
  }

  private void accept() throws IOException {
    while (true) {
      KeeperChannel channel = new KeeperChannel(sockets, sockets.accept(listener));
      daemon("connection", () -> serve(channel));
    }
  }

  private void serve(KeeperChannel channel) throws IOException {
    PosixSockets.Peer peer = channel.peer();
    try {
      for (Optional<KeeperChannel.Received> next = channel.receive();
          next.isPresent();
          next = channel.receive()) {
        KeeperChannel.Received received = next.get();
        tell(() -> handle(channel, peer.pid(), received));
      }
    } catch (PosixException | KurveException e) {
      LOG.warn("the connection of process {} broke: {}", peer.pid(), e.getMessage());
    } finally {
      lock.lock();
      try {
        hosts.remove(peer.pid(), channel);
        askers.remove(channel);
        channel.close();
      } finally {
        lock.unlock();
      }
    }
  }

  private List<Action> handle(KeeperChannel channel, long pid, KeeperChannel.Received received) {
    return switch (received.message()) {
      case KeeperMessage.Succeed succeed -> {
        hosts.put(pid, channel);
        watch(pid, Optional.empty());
        yield core.succeeds(pid);
      }
      case KeeperMessage.Serving serving -> {
        hosts.put(pid, channel);
        watch(pid, Optional.empty());
        yield core.serving(pid);
      }
      case KeeperMessage.Deposit deposit -> {
        if (received.descriptors().size() != Deposits.DESCRIPTORS) {
          deposits.close(received.descriptors());
          throw new KurveException(
              ErrorCode.INTERNAL, deposit.kept().attachment() + " came without descriptors", "");
        }
        answer(channel, put(deposit.kept(), received.descriptors()));
        yield List.of();
      }
      case KeeperMessage.Remove remove -> {
        deposits.remove(remove.attachment());
        answer(channel, new KeeperMessage.Done());
        yield List.of();
      }
      case KeeperMessage.Replace replace -> {
        if (!hosts.containsValue(channel)) { // a host that wants to go hears HandOver
          askers.add(channel);
        }
        yield core.replace();
      }
      case KeeperMessage.Given given -> List.of();
      case KeeperMessage.AllGiven allGiven -> List.of();
      case KeeperMessage.HandOver handOver -> List.of();
      case KeeperMessage.Stop stop -> List.of();
      case KeeperMessage.Done done -> List.of();
      case KeeperMessage.Refused refused -> List.of();
    };
  }

  private KeeperMessage put(KeptAttachment kept, List<Integer> descriptors) {
    try {
      deposits.put(kept, descriptors);
      return new KeeperMessage.Done();
    } catch (PosixException e) {
      LOG.error("{} can't be held", kept.attachment(), e);
      return new KeeperMessage.Refused(kept.attachment() + " can't be held: " + e.getMessage());
    }
  }

  /** Something has happened. */
  private void tell(Supplier<List<Action>> event) {
    lock.lock();
    try {
      event.get().forEach(this::perform);
    } finally {
      lock.unlock();
    }
  }

  private void perform(Action action) {
    switch (action) {
      case Action.Start start -> startHost();
      case Action.StartLater later -> {
        LOG.warn(
            "the volume host ended again shortly after its start: the next one starts in {} ms",
            later.delay().toMillis());
        schedule(later.delay(), core::startDue);
      }
      case Action.Give give -> give(give.pid());
      case Action.AskHandOver ask -> {
        Duration patience = deposits.allResend() ? HAND_OVER : PATIENT_HAND_OVER;
        LOG.info("asking volume host {} to hand over", ask.pid());
        if (answer(hosts.get(ask.pid()), new KeeperMessage.HandOver())) {
          schedule(patience, () -> core.tookTooLong(ask.pid()));
        } else {
          kill(ask.pid());
        }
      }
      case Action.Kill kill -> kill(kill.pid());
      case Action.AskStop ask -> {
        if (!answer(hosts.get(ask.pid()), new KeeperMessage.Stop())) {
          signal(ask.pid(), PosixProcesses.SIGTERM);
        }
      }
      case Action.Refuse refuse ->
          answer(hosts.get(refuse.pid()), new KeeperMessage.Refused(refuse.why()));
      case Action.Replaced replaced -> answerAskers(new KeeperMessage.Done());
      case Action.NotReplaced not -> answerAskers(new KeeperMessage.Refused(not.why()));
      case Action.End ended -> {
        deposits.closeAll();
        end.complete(ended.code());
      }
    }
  }

  private void startHost() {
    ProcessBuilder builder = new ProcessBuilder(arguments.command()).redirectErrorStream(true);
    builder.redirectOutput(
        arguments
            .output()
            .map(file -> ProcessBuilder.Redirect.appendTo(file.toFile()))
            .orElse(ProcessBuilder.Redirect.INHERIT));
    try {
      Process child = builder.start();
      child.getOutputStream().close();
      LOG.info("volume host {} started", child.pid());
      core.started(child.pid(), System.nanoTime()).forEach(this::perform);
      watch(child.pid(), Optional.of(child));
    } catch (IOException e) {
      LOG.error("the volume host can't be started: {}", arguments.command(), e);
      end.complete(1);
    }
  }

  private void give(long pid) {
    LOG.info("volume host {} gets {} attachments", pid, deposits.all().size());
    KeeperChannel channel = hosts.get(pid);
    for (Deposits.Deposit deposit : deposits.all()) {
      answer(
          channel,
          new KeeperMessage.Given(deposit.kept()),
          deposit.descriptors().toArray(Integer[]::new));
    }
    answer(channel, new KeeperMessage.AllGiven());
  }

  private void kill(long pid) {
    LOG.warn("killing volume host {}", pid);
    signal(pid, PosixProcesses.SIGKILL);
  }

  private void signal(long pid, int signal) {
    Integer process = watched.get(pid);
    if (process == null) {
      return; // it has ended
    }
    try {
      processes.signal(process, signal);
    } catch (PosixException e) {
      LOG.error("volume host {} can't be signalled", pid, e);
    }
  }

  private void answerAskers(KeeperMessage message) {
    askers.forEach(asker -> answer(asker, message));
    askers.clear();
  }

  /** One that does not take it is ending, or hangs: that is seen elsewhere. */
  private static boolean answer(
      @Nullable KeeperChannel channel, KeeperMessage message, Integer... descriptors) {
    if (channel == null) {
      return false;
    }
    try {
      channel.send(message, descriptors);
      return true;
    } catch (PosixException e) {
      LOG.warn("{} was not sent: {}", message, e.getMessage());
      return false;
    }
  }

  /** Without effect when it is watched already. */
  private void watch(long pid, Optional<Process> child) {
    if (watched.containsKey(pid)) {
      return;
    }
    int process;
    try {
      process = processes.open(pid);
    } catch (PosixException e) {
      tellEnded(pid, child.isPresent() ? child.get().exitValue() : -1);
      return;
    }
    watched.put(pid, process);
    daemon(
        "watch-" + pid,
        () -> {
          processes.awaitEnd(process);
          int code = child.isPresent() ? child.get().waitFor() : -1;
          lock.lock();
          try {
            watched.remove(pid);
            deposits.close(List.of(process));
            tellEnded(pid, code);
          } finally {
            lock.unlock();
          }
        });
  }

  private void tellEnded(long pid, int code) {
    LOG.info("volume host {} ended, code {}", pid, code);
    core.ended(pid, code, System.nanoTime()).forEach(this::perform);
  }

  private void schedule(Duration delay, Supplier<List<Action>> event) {
    var unused = timer.schedule(() -> tell(event), delay.toMillis(), TimeUnit.MILLISECONDS);
  }

  private interface Task {
    void run() throws IOException, InterruptedException;
  }

  private static void daemon(String name, Task task) {
    Thread.ofPlatform()
        .daemon()
        .name(name)
        .start(() -> {
          try {
            task.run();
          } catch (IOException e) {
            LOG.error("{} failed", name, e);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }
}
