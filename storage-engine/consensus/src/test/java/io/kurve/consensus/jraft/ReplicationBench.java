package io.kurve.consensus.jraft;

import io.kurve.consensus.wal.SharedWal;
import io.kurve.consensus.wal.WalConfig;
import io.kurve.consensus.wal.WalMetrics;
import io.kurve.core.disk.Disk;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.disk.Region;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.Proposal;
import io.kurve.core.log.ReadPermission;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedStateMachine;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.log.Patience;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * How long a 4 KiB proposal takes, and how often it goes from thread to thread: three replicas in
 * one process, each on a WAL in a file of its own.
 *
 * <p>Arguments: a folder for the files, seconds for each case.
 */
public final class ReplicationBench {
  private static final int WAL_BYTES = 1 << 30;
  private static final int COMMAND_BYTES = 4096;

  private final List<ReplicatedLog<Boolean>> logs = new ArrayList<>();
  private final List<Machine> machines = new ArrayList<>();

  private ReplicationBench() {}

  static void main(String[] arguments) throws Exception {
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    Duration each = Duration.ofSeconds(Long.parseLong(arguments[1]));
    ReplicationBench bench = new ReplicationBench();
    LoopbackNetwork network = new LoopbackNetwork();
    List<AutoCloseable> closing = new ArrayList<>(List.of(network));
    try (ExecutorService persistence = Executors.newVirtualThreadPerTaskExecutor()) {
      bench.start(folder, network, persistence, closing);
      int leader = bench.leader();
      bench.run(leader, 1, each);
      bench.run(leader, 1, each);
      bench.run(leader, 32, each);
      bench.run(leader, 32, each);
      for (AutoCloseable open : closing.reversed()) {
        open.close();
      }
    }
  }

  private void start(
      Path folder,
      LoopbackNetwork network,
      ExecutorService persistence,
      List<AutoCloseable> closing)
      throws IOException {
    List<ReplicaId> replicas =
        Stream.of(1L, 2L, 3L)
            .map(id -> new ReplicaId(new ChunkserverId(id), new StoreId(new UUID(1, id))))
            .toList();
    for (ReplicaId replica : replicas) {
      Disk disk = disk(folder.resolve("wal-" + replica.chunkserver().value()));
      closing.add(disk);
      Region region = new Region(0, WAL_BYTES);
      SharedWal.format(
          disk, WalConfig.withDefaults(region, replica.store(), new StoreGeneration(0)));
      SharedWal wal =
          SharedWal.open(
                  disk,
                  WalConfig.withDefaults(region, replica.store(), new StoreGeneration(1)),
                  new HaltingFaultHandler(),
                  new WalMetrics(new CollectorRegistry()))
              .orThrow();
      closing.add(wal);
      JraftReplicas process =
          new JraftReplicas(
              replica,
              wal,
              network.attach(replica),
              new HaltingFaultHandler(),
              persistence,
              new KernelLeaseClock(),
              ReplicationSettings.defaults());
      closing.add(process);
      Machine machine = new Machine();
      machines.add(machine);
      logs.add(
          process.open(
              new CopysetKey(new CopysetId(1), new CopysetGeneration(1)),
              Membership.ofVoters(replicas),
              machine));
    }
  }

  private static Disk disk(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
      for (long at = 0; at < WAL_BYTES; at += zeros.capacity()) {
        channel.write(zeros.clear(), at);
      }
      channel.force(true);
    }
    return FileDisk.open(file);
  }

  private int leader() {
    Patience.await(
        "one leads",
        Duration.ofSeconds(20),
        () ->
            logs.stream().anyMatch(log -> log.readPermission() instanceof ReadPermission.Granted));
    for (int i = 0; i < logs.size(); i++) {
      if (logs.get(i).readPermission() instanceof ReadPermission.Granted) {
        return i;
      }
    }
    throw new IllegalStateException("the leader is gone again");
  }

  private void run(int leader, int depth, Duration time) throws Exception {
    ReplicatedLog<Boolean> log = logs.get(leader);
    long term = machines.get(leader).term;
    Semaphore free = new Semaphore(depth);
    long[] nanos = new long[1 << 21];
    AtomicInteger count = new AtomicInteger();
    AtomicInteger others = new AtomicInteger();
    Map<String, Long> before = switches();
    long start = System.nanoTime();
    while (System.nanoTime() - start < time.toNanos()) {
      free.acquire();
      long sent = System.nanoTime();
      log.propose(
          ByteBuffer.allocate(COMMAND_BYTES),
          term,
          end -> {
            if (end instanceof Proposal.Applied) {
              nanos[count.getAndIncrement()] = System.nanoTime() - sent;
            } else {
              others.incrementAndGet();
            }
            free.release();
          });
    }
    free.acquire(depth);
    double seconds = (System.nanoTime() - start) / 1e9;
    Map<String, Long> after = switches();
    report(depth, seconds, Arrays.copyOf(nanos, count.get()), others.get());
    Map<String, Double> each = new TreeMap<>();
    after.forEach((name, switches) ->
        each.put(name, (double) (switches - before.getOrDefault(name, 0L)) / count.get()));
    each.entrySet().stream()
        .filter(entry -> entry.getValue() > 0.05)
        .forEach(entry -> System.out.printf("    %-40s %.2f%n", entry.getKey(), entry.getValue()));
    for (ReplicatedLog<Boolean> replica : logs) {
      replica.checkpoint().toCompletableFuture().join();
    }
  }

  private static void report(int depth, double seconds, long[] nanos, int others) {
    Arrays.sort(nanos);
    System.out.printf(
        "depth %d: %.0f/s, p50 %.0f us, p99 %.0f us, not applied %d; waits a proposal:%n",
        depth,
        nanos.length / seconds,
        nanos[nanos.length / 2] / 1e3,
        nanos[(int) (nanos.length * 0.99)] / 1e3,
        others);
  }

  /** Voluntary context switches by thread name. */
  private static Map<String, Long> switches() throws IOException {
    Map<String, Long> byName = new TreeMap<>();
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      for (Path task : tasks.toList()) {
        String name = Files.readString(task.resolve("comm")).strip().replaceAll("[0-9]+$", "");
        for (String line : Files.readAllLines(task.resolve("status"))) {
          if (line.startsWith("voluntary_ctxt_switches")) {
            byName.merge(name, Long.parseLong(line.replaceAll("\\D", "")), Long::sum);
          }
        }
      }
    }
    return byName;
  }

  private static final class Machine implements ReplicatedStateMachine<Boolean> {
    private volatile long term;
    private volatile LogPosition position = LogPosition.BEFORE_ALL;

    @Override
    public Checkpoint restored() {
      return new Checkpoint(LogPosition.BEFORE_ALL, new Membership(List.of(), List.of()));
    }

    @Override
    public Boolean apply(LogPosition at, ByteBuffer command) {
      position = at;
      return true;
    }

    @Override
    public void advance(LogPosition at, Membership membership) {
      position = at;
    }

    @Override
    public void leading(long newTerm) {
      term = newTerm;
    }

    @Override
    public void notLeading() {
      term = 0;
    }

    @Override
    public CheckpointImage capture(Membership membership) {
      Checkpoint checkpoint = new Checkpoint(position, membership);
      return new CheckpointImage() {
        @Override
        public Checkpoint checkpoint() {
          return checkpoint;
        }

        @Override
        public void persist() {
          // There is no state.
        }
      };
    }

    @Override
    public Checkpoint install(ReplicaId source, Checkpoint wanted) {
      return wanted;
    }

    @Override
    public boolean mayVote() {
      return true;
    }
  }
}
