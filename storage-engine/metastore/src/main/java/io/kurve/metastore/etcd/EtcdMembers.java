package io.kurve.metastore.etcd;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.metastore.etcd.EtcdAccess.Login;
import io.kurve.metastore.etcd.EtcdAccess.Tls;
import io.kurve.metastore.etcd.v3.AuthGrpc;
import io.kurve.metastore.etcd.v3.AuthenticateRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The members of an etcd cluster, of which one is asked until it fails, then the next. A call is
 * made once and ends by its deadline: whether to ask again is for those who know what was asked.
 * Only a call that was turned away at the door, with a token that is no longer good, is made again
 * after a new login.
 */
final class EtcdMembers implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdMembers.class);
  private static final int MAX_MESSAGE_BYTES = 64 << 20;
  private static final Metadata.Key<String> TOKEN =
      Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> HAS_LEADER =
      Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

  private final ThreadFactory threads = Thread.ofVirtual().name("etcd-", 0).factory();
  private final EtcdAccess access;
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final AtomicInteger chosen = new AtomicInteger();
  private @Nullable CompletableFuture<Metadata> pass;
  private volatile boolean closed;

  /**
   * @throws IOException when a certificate can't be read
   */
  EtcdMembers(EtcdAccess access) throws IOException {
    this.access = access;
    for (HostAndPort member : access.members()) {
      channels.add(
          builder(member, access.tls())
              // No proxy stands between Kurve and its etcd, whatever the environment says.
              .proxyDetector(_ -> null)
              .executor(this::execute)
              .maxInboundMessageSize(MAX_MESSAGE_BYTES)
              // etcd hangs up on those that ask more often than every 5 s.
              .keepAliveTime(10, TimeUnit.SECONDS)
              .keepAliveTimeout(5, TimeUnit.SECONDS)
              .disableRetry()
              .build());
    }
  }

  private static NettyChannelBuilder builder(HostAndPort member, Optional<Tls> tls)
      throws IOException {
    if (tls.isEmpty()) {
      return NettyChannelBuilder.forAddress(member.host(), member.port()).usePlaintext();
    }
    TlsChannelCredentials.Builder credentials =
        TlsChannelCredentials.newBuilder().trustManager(tls.get().trusted().toFile());
    if (tls.get().own().isPresent()) {
      EtcdAccess.Own own = tls.get().own().get();
      credentials.keyManager(own.certificate().toFile(), own.key().toFile());
    }
    return NettyChannelBuilder.forAddress(member.host(), member.port(), credentials.build());
  }

  /** A call of one question and one answer; also of a stream that is used for no more than that. */
  <A, B> CompletableFuture<B> call(MethodDescriptor<A, B> method, A request) {
    Deadline deadline = Deadline.after(access.callTimeout().toNanos(), TimeUnit.NANOSECONDS);
    return attempt(method, request, deadline, access.login().isPresent());
  }

  /** Where a stream begins that lasts, and what to tell when it breaks. */
  CompletableFuture<Stream> stream() {
    int member = chosen.get();
    channels.get(member).resetConnectBackoff();
    Deadline deadline = Deadline.after(access.callTimeout().toNanos(), TimeUnit.NANOSECONDS);
    CompletableFuture<Metadata> pass = pass(deadline);
    return pass.thenApply(headers -> {
      Metadata all = new Metadata();
      all.merge(headers);
      // A member that is cut off from the others ends the stream and does not fall silent.
      all.put(HAS_LEADER, "true");
      return new Stream(member, pass, with(member, all));
    });
  }

  record Stream(int member, CompletableFuture<Metadata> pass, Channel channel) {}

  /** The stream broke: the next one goes to another member, and with a new login. */
  void broken(Stream stream) {
    failed(stream.member());
    forget(stream.pass());
  }

  /** Never refuses, also when all is closed: what ended calls tell must be told. */
  void execute(Runnable task) {
    threads.newThread(task).start();
  }

  boolean isClosed() {
    return closed;
  }

  static @Nullable Throwable cause(@Nullable Throwable thrown) {
    return thrown instanceof CompletionException ? thrown.getCause() : thrown;
  }

  private <A, B> CompletableFuture<B> attempt(
      MethodDescriptor<A, B> method, A request, Deadline deadline, boolean mayLogInAgain) {
    CompletableFuture<Metadata> headers = pass(deadline);
    return headers
        .thenCompose(with -> once(method, request, deadline, with))
        .exceptionallyCompose(thrown -> {
          if (mayLogInAgain && isTurnedAway(Status.fromThrowable(thrown))) {
            forget(headers);
            return attempt(method, request, deadline, false);
          }
          return CompletableFuture.failedFuture(thrown);
        });
  }

  /** Both are said before anything is done: the token is unknown, or older than the users. */
  private static boolean isTurnedAway(Status status) {
    String text = String.valueOf(status.getDescription());
    return status.getCode() == Status.Code.UNAUTHENTICATED
        || (status.getCode() == Status.Code.INVALID_ARGUMENT
            && text.contains("revision of auth store is old"));
  }

  private <A, B> CompletableFuture<B> once(
      MethodDescriptor<A, B> method, A request, Deadline deadline, Metadata headers) {
    int member = chosen.get();
    // Whoever calls has waited as long as he wants to: gRPC's own pause grows to two minutes.
    channels.get(member).resetConnectBackoff();
    CompletableFuture<B> end = new CompletableFuture<>();
    ClientCalls.asyncUnaryCall(
        with(member, headers).newCall(method, CallOptions.DEFAULT.withDeadline(deadline)),
        request,
        new OneAnswer<>(end, access.members().get(member)));
    return end.whenComplete((_, thrown) -> {
      if (thrown != null) {
        Status.Code code = Status.fromThrowable(thrown).getCode();
        if (code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED) {
          failed(member);
        }
      }
    });
  }

  private Channel with(int member, Metadata headers) {
    return ClientInterceptors.intercept(
        channels.get(member), MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private void failed(int member) {
    int next = (member + 1) % channels.size();
    if (next != member && chosen.compareAndSet(member, next)) {
      LOG.warn(
          "etcd at {} does not answer; going on with {}",
          access.members().get(member),
          access.members().get(next));
    }
  }

  /** The headers that let one in. */
  private CompletableFuture<Metadata> pass(Deadline deadline) {
    if (access.login().isEmpty()) {
      return CompletableFuture.completedFuture(new Metadata());
    }
    synchronized (this) {
      if (pass == null || pass.isCompletedExceptionally()) {
        pass = logIn(access.login().get(), deadline);
      }
      return pass;
    }
  }

  private synchronized void forget(CompletableFuture<Metadata> old) {
    if (old.equals(pass)) {
      pass = null;
    }
  }

  private CompletableFuture<Metadata> logIn(Login login, Deadline deadline) {
    AuthenticateRequest request =
        AuthenticateRequest.newBuilder()
            .setName(login.user())
            .setPassword(login.password())
            .build();
    return once(AuthGrpc.getAuthenticateMethod(), request, deadline, new Metadata())
        .thenApply(answer -> {
          Metadata headers = new Metadata();
          headers.put(TOKEN, answer.getToken());
          return headers;
        });
  }

  @Override
  public void close() {
    closed = true;
    channels.forEach(ManagedChannel::shutdownNow);
    try {
      for (ManagedChannel channel : channels) {
        if (!channel.awaitTermination(5, TimeUnit.SECONDS)) {
          LOG.warn("a connection to etcd did not end within 5 s");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends with the answer, once the call has ended well. */
  private static final class OneAnswer<B> implements StreamObserver<B> {
    private final CompletableFuture<B> end;
    private final HostAndPort member;
    private @Nullable B answer;

    OneAnswer(CompletableFuture<B> end, HostAndPort member) {
      this.end = end;
      this.member = member;
    }

    @Override
    public void onNext(B message) {
      answer = message;
    }

    @Override
    public void onError(Throwable thrown) {
      end.completeExceptionally(
          Status.fromThrowable(thrown)
              .augmentDescription("by etcd at " + member)
              .asRuntimeException());
    }

    @Override
    public void onCompleted() {
      if (answer == null) {
        onError(Status.UNAVAILABLE.withDescription("no answer").asRuntimeException());
      } else {
        end.complete(answer);
      }
    }
  }
}
