package io.kurve.protocol.control;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.convert.BadMessage;
import io.kurve.protocol.handshake.AskerHandshake;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.v1.SessionGrpc;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One server's channel and the session on it. gRPC may replace the connection below at any time;
 * the server then says that no handshake came first, has done nothing, and the call is made again
 * after a new one.
 */
final class ControlChannel implements AutoCloseable {
  private static final int HANDSHAKES_PER_CALL = 3;

  private final ManagedChannel channel;
  private final Optional<EventLoopGroup> ownLoops;
  private final Identity self;
  private final Optional<StoreId> target;
  private final String server;
  private @Nullable CompletableFuture<Channel> session;

  private ControlChannel(
      ManagedChannel channel,
      Optional<EventLoopGroup> ownLoops,
      Identity self,
      Optional<StoreId> target,
      String server) {
    this.channel = channel;
    this.ownLoops = ownLoops;
    this.self = self;
    this.target = target;
    this.server = server;
  }

  static ControlChannel to(HostAndPort address, Identity self, Optional<StoreId> target) {
    ManagedChannel channel =
        configured(NettyChannelBuilder.forAddress(address.host(), address.port()))
            // No proxy stands between the members of a cluster, whatever the environment says.
            .proxyDetector(ignored -> null)
            .build();
    return new ControlChannel(channel, Optional.empty(), self, target, address.toString());
  }

  static ControlChannel toSocket(Path socket, Identity self) {
    EventLoopGroup loops =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("control-client", true), NioIoHandler.newFactory());
    ManagedChannel channel =
        configured(NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket)))
            .channelType(NioDomainSocketChannel.class)
            .eventLoopGroup(loops)
            .overrideAuthority("localhost")
            .build();
    return new ControlChannel(
        channel, Optional.of(loops), self, Optional.empty(), socket.toString());
  }

  private static NettyChannelBuilder configured(NettyChannelBuilder builder) {
    return builder
        .usePlaintext()
        .maxInboundMessageSize(ControlServer.MAX_MESSAGE_BYTES)
        .keepAliveTime(10, TimeUnit.SECONDS)
        .keepAliveTimeout(5, TimeUnit.SECONDS);
  }

  <A, B> CompletableFuture<B> call(MethodDescriptor<A, B> method, A request, Deadline deadline) {
    // Whoever calls has waited as long as he wants to: gRPC's own pause grows to two minutes.
    channel.resetConnectBackoff();
    return attempt(method, request, deadline, 1);
  }

  private <A, B> CompletableFuture<B> attempt(
      MethodDescriptor<A, B> method, A request, Deadline deadline, int number) {
    CompletableFuture<Channel> open = session(deadline);
    return open.thenCompose(with -> unary(with, method, request, deadline))
        .exceptionallyCompose(thrown -> {
          if (number < HANDSHAKES_PER_CALL && isSessionLost(thrown)) {
            forget(open);
            return attempt(method, request, deadline, number + 1);
          }
          return CompletableFuture.failedFuture(failure(thrown));
        });
  }

  private static boolean isSessionLost(Throwable thrown) {
    return cause(thrown) instanceof StatusRuntimeException status
        && status.getStatus().getCode() == Status.Code.UNAUTHENTICATED;
  }

  private KurveException failure(Throwable thrown) {
    Throwable cause = cause(thrown);
    return switch (cause) {
      case KurveException known -> known;
      case StatusRuntimeException status ->
          Failures.fromStatus(status.getStatus(), status.getTrailers(), server);
      case null, default ->
          new KurveException(
              ErrorCode.INTERNAL,
              "the answer of " + server + " can't be used: " + cause,
              "run the same release of Kurve on both sides",
              cause);
    };
  }

  private static @Nullable Throwable cause(Throwable thrown) {
    return thrown instanceof CompletionException ? thrown.getCause() : thrown;
  }

  private synchronized CompletableFuture<Channel> session(Deadline deadline) {
    if (session == null || session.isCompletedExceptionally()) {
      session = handshake(deadline);
    }
    return session;
  }

  private synchronized void forget(CompletableFuture<Channel> lost) {
    if (lost.equals(session)) {
      session = null;
    }
  }

  private CompletableFuture<Channel> handshake(Deadline deadline) {
    AskerHandshake handshake = new AskerHandshake(self, target, server);
    return unary(channel, SessionGrpc.getOpenMethod(), handshake.hello(), deadline)
        .thenCompose(challenge ->
            unary(channel, SessionGrpc.getProveMethod(), handshake.answer(challenge), deadline))
        .thenApply(welcome -> {
          Metadata shown = new Metadata();
          shown.put(ServerSession.PROOF, handshake.sessionProof());
          return ClientInterceptors.intercept(
              channel, MetadataUtils.newAttachHeadersInterceptor(shown));
        });
  }

  private static <A, B> CompletableFuture<B> unary(
      Channel channel, MethodDescriptor<A, B> method, A request, Deadline deadline) {
    CompletableFuture<B> answer = new CompletableFuture<>();
    ClientCalls.asyncUnaryCall(
        channel.newCall(method, CallOptions.DEFAULT.withDeadline(deadline)),
        request,
        new StreamObserver<>() {
          private @Nullable B received;

          @Override
          public void onNext(B value) {
            received = value;
          }

          @Override
          public void onError(Throwable failure) {
            answer.completeExceptionally(failure);
          }

          @Override
          public void onCompleted() {
            if (received == null) {
              answer.completeExceptionally(new BadMessage("an answer without a message"));
            } else {
              answer.complete(received);
            }
          }
        });
    return answer;
  }

  @Override
  public void close() {
    ManagedChannel unused = channel.shutdownNow();
    ownLoops.ifPresent(loops -> {
      var _ = loops.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    });
  }
}
