package io.kurve.cli.bench;

import io.kurve.core.disk.DirectIo;
import io.kurve.core.disk.Disk;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * One process of the bare chain: the least that a 4 KiB write costs which is durable on two of
 * three disks before it is acknowledged. No raft, no checksum, no retry.
 *
 * <pre>
 *   client --4 KiB--&gt; leader --4 KiB--&gt; follower 1, follower 2
 *                     each appends 8 KiB to a preallocated file, past the cache, synced
 *   client &lt;--ack---- leader &lt;--ack---- the faster follower (the slower is awaited before the next)
 * </pre>
 *
 * A leader or follower serves one connection and ends with it.
 */
public final class ChainPart {
  private static final int MESSAGE_BYTES = 4096 + 32;
  private static final int ACK_BYTES = 32;
  private static final int APPEND_BYTES = 8192;
  private static final int FILE_BYTES = 64 << 20;
  private static final int ACCEPT_MILLIS = 120_000;

  private final PrintStream out;

  public ChainPart(PrintStream out) {
    this.out = out;
  }

  public void follower(Path file) throws IOException {
    try (FileChannel log = preallocated(file);
        ServerSocketChannel server = listen();
        SocketChannel leader = accept(server)) {
      ByteBuffer message = Disk.allocateAligned(APPEND_BYTES);
      ByteBuffer ack = ByteBuffer.allocateDirect(ACK_BYTES);
      for (long position = 0;
          readFully(leader, message.clear().limit(MESSAGE_BYTES));
          position = (position + APPEND_BYTES) % FILE_BYTES) {
        log.write(message.clear(), position);
        writeFully(leader, ack.clear());
      }
    }
  }

  public void leader(Path file, List<Integer> followerPorts) throws IOException {
    Semaphore acks = new Semaphore(0);
    try (FileChannel log = preallocated(file);
        SocketChannel first = connect(followerPorts.get(0));
        SocketChannel second = connect(followerPorts.get(1));
        ServerSocketChannel server = listen();
        SocketChannel client = accept(server)) {
      awaitAcks(first, acks);
      awaitAcks(second, acks);
      ByteBuffer message = Disk.allocateAligned(APPEND_BYTES);
      ByteBuffer ack = ByteBuffer.allocateDirect(ACK_BYTES);
      for (long position = 0;
          readFully(client, message.clear().limit(MESSAGE_BYTES));
          position = (position + APPEND_BYTES) % FILE_BYTES) {
        writeFully(first, message.clear().limit(MESSAGE_BYTES));
        writeFully(second, message.clear().limit(MESSAGE_BYTES));
        log.write(message.clear(), position);
        acks.acquireUninterruptibly();
        writeFully(client, ack.clear());
        acks.acquireUninterruptibly();
      }
    }
  }

  /** Measures for this long, after a warm-up of two seconds. */
  static Latencies client(int leaderPort, int seconds) throws IOException {
    Latencies latencies = new Latencies();
    try (SocketChannel leader = connect(leaderPort)) {
      ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE_BYTES);
      ByteBuffer ack = ByteBuffer.allocateDirect(ACK_BYTES);
      long begin = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
      long end = begin + TimeUnit.SECONDS.toNanos(seconds);
      for (long now = System.nanoTime(); now < end; ) {
        long start = now;
        writeFully(leader, message.clear());
        if (!readFully(leader, ack.clear())) {
          throw new EOFException("the chain's leader ended");
        }
        now = System.nanoTime();
        if (start >= begin) {
          latencies.add(now - start);
        }
      }
    }
    return latencies;
  }

  /**
   * A file whose blocks were all written once, opened past the cache and synced with each write.
   */
  static FileChannel preallocated(Path file) throws IOException {
    try (FileChannel zeros =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer chunk = ByteBuffer.allocateDirect(1 << 20);
      for (int written = 0; written < FILE_BYTES; written += chunk.capacity()) {
        zeros.write(chunk.clear(), written);
      }
      zeros.force(true);
    }
    return FileChannel.open(
        file, StandardOpenOption.WRITE, StandardOpenOption.DSYNC, DirectIo.option());
  }

  private ServerSocketChannel listen() throws IOException {
    ServerSocketChannel server =
        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    out.println(((InetSocketAddress) server.getLocalAddress()).getPort());
    out.flush();
    return server;
  }

  private static SocketChannel accept(ServerSocketChannel server) throws IOException {
    server.socket().setSoTimeout(ACCEPT_MILLIS); // whoever was to connect may have been killed
    return server.socket().accept().getChannel().setOption(StandardSocketOptions.TCP_NODELAY, true);
  }

  static SocketChannel connect(int port) throws IOException {
    return SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
        .setOption(StandardSocketOptions.TCP_NODELAY, true);
  }

  private static void awaitAcks(SocketChannel follower, Semaphore acks) {
    Thread.ofPlatform()
        .daemon()
        .name("chain-acks")
        .start(() -> {
          ByteBuffer ack = ByteBuffer.allocateDirect(ACK_BYTES);
          try {
            while (readFully(follower, ack.clear())) {
              acks.release();
            }
          } catch (IOException e) {
            // The run is over: the leader closed the connection under this read.
            acks.release(2);
          }
        });
  }

  /** False at the end of the stream. */
  static boolean readFully(SocketChannel channel, ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (channel.read(target) < 0) {
        return false;
      }
    }
    return true;
  }

  static void writeFully(SocketChannel channel, ByteBuffer source) throws IOException {
    while (source.hasRemaining()) {
      channel.write(source);
    }
  }
}
