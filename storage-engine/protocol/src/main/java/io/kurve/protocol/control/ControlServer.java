package io.kurve.protocol.control;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.data.BindFailure;
import io.kurve.protocol.handshake.Identity;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Serves the control plane, each call on a virtual thread of its own. A caller first proves with
 * the cluster's key who it is.
 */
public final class ControlServer implements AutoCloseable {
  /** Of a file's mode. */
  private static final int FILE_TYPE = 0170000;

  private static final int SOCKET = 0140000;

  static final int MAX_MESSAGE_BYTES = 16 << 20;
  private static final int MAX_CALLS_PER_CONNECTION = 256;
  private static final int MAX_CONNECTIONS = 4096;

  private final Server server;
  private final ExecutorService executor;
  private final Optional<EventLoopGroup> ownLoops;
  private final String host;

  private ControlServer(
      Server server, ExecutorService executor, Optional<EventLoopGroup> ownLoops, String host) {
    this.server = server;
    this.executor = executor;
    this.ownLoops = ownLoops;
    this.host = host;
  }

  /**
   * Serves on TCP from now on.
   *
   * @param bind port 0 takes a free one
   * @throws KurveException IN_USE when the address is taken, INVALID_ARGUMENT when it isn't ours
   */
  public static ControlServer start(HostAndPort bind, Identity self, ControlServices services) {
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    Server server =
        configured(
                NettyServerBuilder.forAddress(new InetSocketAddress(bind.host(), bind.port())),
                self,
                services)
            .executor(executor)
            .build();
    try {
      return new ControlServer(server.start(), executor, Optional.empty(), bind.host());
    } catch (IOException failed) {
      executor.shutdown();
      throw BindFailure.of(bind, failed.getCause() == null ? failed : failed.getCause());
    }
  }

  /**
   * Serves on a unix socket that only its owner can use. A socket that a dead process left is
   * replaced.
   *
   * @throws KurveException IN_USE when another process serves there
   */
  public static ControlServer startOnSocket(Path socket, Identity self, ControlServices services) {
    removeStale(socket);
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    EventLoopGroup loops =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("control-socket", true), NioIoHandler.newFactory());
    Server server =
        configured(
                NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(socket)), self, services)
            .channelType(NioServerDomainSocketChannel.class)
            .bossEventLoopGroup(loops)
            .workerEventLoopGroup(loops)
            .executor(executor)
            .build();
    ControlServer started =
        new ControlServer(server, executor, Optional.of(loops), socket.toString());
    try {
      Server unused = server.start();
      // Whoever connects before this line still has to know the cluster's key.
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
      return started;
    } catch (IOException failed) {
      started.close();
      throw new KurveException(
          ErrorCode.UNAVAILABLE,
          "can't listen on " + socket + ": " + failed.getMessage(),
          "see whether its folder exists and is writable; a path has at most 100 characters",
          failed);
    }
  }

  private static NettyServerBuilder configured(
      NettyServerBuilder builder, Identity self, ControlServices services) {
    List<BindableService> bindable =
        switch (services) {
          case MdsServices mds -> mds.bindable();
          case ChunkserverServices chunkserver -> List.of(chunkserver.bindable());
          case VolumeHostServices host -> List.of(host.bindable());
        };
    bindable.forEach(builder::addService);
    return builder
        .addService(new ServerSession.Service())
        .addTransportFilter(new ServerSession.PerConnection(self, MAX_CONNECTIONS))
        .intercept(new ServerSession.Guard())
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
        .permitKeepAliveTime(5, TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true)
        .keepAliveTime(30, TimeUnit.SECONDS)
        // Who connects and says nothing, or makes no call any more, is not kept: the next call
        // connects anew and begins with a handshake.
        .handshakeTimeout(10, TimeUnit.SECONDS)
        .maxConnectionIdle(1, TimeUnit.MINUTES);
  }

  private static void removeStale(Path socket) {
    if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    refuseOtherFile(socket);
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.connect(UnixDomainSocketAddress.of(socket));
      throw new KurveException(
          ErrorCode.IN_USE,
          "another process serves on " + socket,
          "stop it first, or use another folder");
    } catch (IOException nobodyThere) {
      try {
        Files.delete(socket);
      } catch (IOException failed) {
        throw new UncheckedIOException("the stale socket " + socket + " can't be removed", failed);
      }
    }
  }

  private static void refuseOtherFile(Path socket) {
    int mode;
    try {
      mode = (Integer) Files.getAttribute(socket, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    } catch (IOException failed) {
      throw new UncheckedIOException(socket + " can't be looked at", failed);
    }
    if ((mode & FILE_TYPE) != SOCKET) {
      throw new KurveException(
          ErrorCode.ALREADY_EXISTS,
          socket + " is there and is no socket",
          "move it away, or name another path");
    }
  }

  /** Where it listens on TCP, with the port that it got. */
  public HostAndPort address() {
    return new HostAndPort(host, server.getPort());
  }

  /** Calls under way get two seconds. */
  @Override
  public void close() {
    try {
      if (!server.shutdown().awaitTermination(2, TimeUnit.SECONDS)) {
        boolean unused = server.shutdownNow().awaitTermination(2, TimeUnit.SECONDS);
      }
    } catch (InterruptedException interrupted) {
      Server unused = server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    executor.shutdown();
    ownLoops.ifPresent(loops -> {
      var _ = loops.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    });
  }
}
