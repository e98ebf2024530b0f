package io.kurve.cli.bench;

import io.kurve.core.disk.DirectIo;
import io.kurve.core.disk.Disk;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The yardsticks: what this machine does without Kurve, on the disk that a folder lies on.
 * Everything made there is removed.
 */
public final class MachineBench {
  private static final int FILE_BYTES = 512 << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final int LARGE_BYTES = 512 << 10;

  /** For starting the chain's processes and warming them up. */
  private static final int CHAIN_SPARE_SECONDS = 120;

  /**
   * @param chainP50Us one write over the bare chain: see {@link ChainPart}
   * @param syncAppendP50Us one synced append of 8 KiB to a preallocated file
   * @param roundTripP50Us 4 KiB to another thread over loopback and a short answer
   * @param randreadP50Us one direct read of 4 KiB at queue depth 1
   */
  public record Figures(
      double chainP50Us,
      double chainOps,
      double syncAppendP50Us,
      double roundTripP50Us,
      double randreadP50Us,
      double randreadOps,
      double randwriteP50Us,
      double randwriteOps,
      double sequentialWriteBytesPerS,
      double sequentialReadBytesPerS) {}

  private final Path folder;
  private final int seconds;
  private final List<String> javaCommand;
  private final Consumer<String> progress;

  /**
   * @param javaCommand runs {@code kurve}; the chain's processes are started with it
   */
  public MachineBench(
      Path folder, int seconds, List<String> javaCommand, Consumer<String> progress) {
    this.folder = folder;
    this.seconds = seconds;
    this.javaCommand = javaCommand;
    this.progress = progress;
  }

  public Figures run() throws IOException, InterruptedException {
    Path scratch = Files.createTempDirectory(folder, "kurve-bench-");
    try (CleanUp cleanUp = new CleanUp(progress)) {
      cleanUp.add("removing " + scratch, () -> removeScratch(scratch));
      progress.accept("bare chain, four processes ...");
      Latencies chain = chain(scratch);
      progress.accept("one synced append ...");
      Latencies append = syncAppend(scratch.resolve("append"));
      progress.accept("loopback round trip ...");
      Latencies roundTrip = roundTrip();
      progress.accept("raw disk ...");
      Path file = scratch.resolve("raw");
      double sequentialWrite = sequentialWrite(file);
      double sequentialRead = sequentialRead(file);
      Latencies randomRead = random(file, false);
      Latencies randomWrite = random(file, true);
      return new Figures(
          chain.percentileMicros(50),
          perSecond(chain),
          append.percentileMicros(50),
          roundTrip.percentileMicros(50),
          randomRead.percentileMicros(50),
          perSecond(randomRead),
          randomWrite.percentileMicros(50),
          perSecond(randomWrite),
          sequentialWrite,
          sequentialRead);
    }
  }

  private double perSecond(Latencies latencies) {
    return (double) latencies.count() / seconds;
  }

  private Latencies chain(Path scratch) throws IOException, InterruptedException {
    List<Process> processes = new CopyOnWriteArrayList<>();
    // What waits for one of them then meets the end of its stream.
    CompletableFuture<Void> deadline =
        CompletableFuture.runAsync(
            () -> processes.forEach(Process::destroyForcibly),
            CompletableFuture.delayedExecutor(seconds + CHAIN_SPARE_SECONDS, TimeUnit.SECONDS));
    try {
      int first = start(processes, "follower", scratch.resolve("follower-1").toString());
      int second = start(processes, "follower", scratch.resolve("follower-2").toString());
      int leader =
          start(processes, "leader", scratch.resolve("leader").toString(), first + "," + second);
      return ChainPart.client(leader, seconds);
    } finally {
      deadline.cancel(false);
      for (Process process : processes) {
        if (!process.waitFor(5, TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor();
        }
      }
    }
  }

  private int start(List<Process> processes, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(javaCommand);
    command.addAll(List.of("bench", "chain-part"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    processes.add(process);
    BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    String port = reader.readLine();
    if (port == null) {
      throw new IOException("the chain's " + arguments[0] + " did not start");
    }
    return Integer.parseInt(port);
  }

  private Latencies syncAppend(Path file) throws IOException {
    try (FileChannel log = ChainPart.preallocated(file)) {
      ByteBuffer record = Disk.allocateAligned(2 * BLOCK_BYTES);
      long size = log.size();
      return measure(step -> log.write(record.clear(), step * 2 * BLOCK_BYTES % size));
    }
  }

  private Latencies roundTrip() throws IOException {
    try (ServerSocketChannel server =
            ServerSocketChannel.open()
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        SocketChannel near =
            ChainPart.connect(((InetSocketAddress) server.getLocalAddress()).getPort());
        SocketChannel far = server.accept().setOption(StandardSocketOptions.TCP_NODELAY, true)) {
      Thread echo = Thread.ofPlatform().daemon().name("echo").start(() -> echo(far));
      ByteBuffer request = ByteBuffer.allocateDirect(BLOCK_BYTES);
      ByteBuffer answer = ByteBuffer.allocateDirect(32);
      Latencies latencies =
          measure(_ -> {
            ChainPart.writeFully(near, request.clear());
            if (!ChainPart.readFully(near, answer.clear())) {
              throw new IOException("the echo ended");
            }
          });
      near.shutdownOutput();
      echo.join();
      return latencies;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private static void echo(SocketChannel far) {
    ByteBuffer request = ByteBuffer.allocateDirect(BLOCK_BYTES);
    ByteBuffer answer = ByteBuffer.allocateDirect(32);
    try {
      while (ChainPart.readFully(far, request.clear())) {
        ChainPart.writeFully(far, answer.clear());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private double sequentialWrite(Path file) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, DirectIo.option())) {
      ByteBuffer large = filled(LARGE_BYTES);
      // Blocks are allocated before the clock starts, as those of a store are.
      for (long at = 0; at < FILE_BYTES; at += LARGE_BYTES) {
        out.write(large.clear(), at);
      }
      out.force(true);
      return bytesPerSecond(at -> {
        out.write(large.clear(), at);
        if (at + LARGE_BYTES == FILE_BYTES) {
          out.force(false);
        }
      });
    }
  }

  private double sequentialRead(Path file) throws IOException {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ, DirectIo.option())) {
      ByteBuffer large = filled(LARGE_BYTES);
      return bytesPerSecond(at -> in.read(large.clear(), at));
    }
  }

  private Latencies random(Path file, boolean write) throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.READ, StandardOpenOption.WRITE, DirectIo.option())) {
      ByteBuffer block = filled(BLOCK_BYTES);
      return measure(_ -> {
        long at = random.nextLong(FILE_BYTES / BLOCK_BYTES) * BLOCK_BYTES;
        if (write) {
          channel.write(block.clear(), at);
        } else {
          channel.read(block.clear(), at);
        }
      });
    }
  }

  private static ByteBuffer filled(int bytes) {
    ByteBuffer buffer = Disk.allocateAligned(bytes);
    SplittableRandom random = new SplittableRandom(2);
    while (buffer.hasRemaining()) {
      buffer.putLong(random.nextLong());
    }
    return buffer.clear();
  }

  private interface Step {
    void run(long number) throws IOException;
  }

  /** A quarter of the time to warm up, then the time itself. */
  private Latencies measure(Step step) throws IOException {
    Latencies latencies = new Latencies();
    long begin = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds) / 4;
    long end = begin + TimeUnit.SECONDS.toNanos(seconds);
    long now = System.nanoTime();
    for (long number = 0; now < end; number++) {
      long start = now;
      step.run(number);
      now = System.nanoTime();
      if (start >= begin) {
        latencies.add(now - start);
      }
    }
    return latencies;
  }

  /** The file from end to end, again and again, for the time given. */
  private double bytesPerSecond(Step step) throws IOException {
    long begin = System.nanoTime();
    long end = begin + TimeUnit.SECONDS.toNanos(seconds);
    long bytes = 0;
    do {
      for (long at = 0; at < FILE_BYTES; at += LARGE_BYTES) {
        step.run(at);
        bytes += LARGE_BYTES;
      }
    } while (System.nanoTime() < end);
    return bytes / ((System.nanoTime() - begin) / 1e9);
  }

  private static void removeScratch(Path scratch) throws IOException {
    try (var files = Files.list(scratch)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(scratch);
  }
}
