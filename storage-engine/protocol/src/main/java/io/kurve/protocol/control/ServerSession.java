package io.kurve.protocol.control;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.protocol.convert.BadMessage;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Peer;
import io.kurve.protocol.handshake.Purpose;
import io.kurve.protocol.handshake.Role;
import io.kurve.protocol.handshake.ServerHandshake;
import io.kurve.protocol.v1.Challenge;
import io.kurve.protocol.v1.ChunkserverCommandsGrpc;
import io.kurve.protocol.v1.ChunkserverRegistryGrpc;
import io.kurve.protocol.v1.ClusterInspectionGrpc;
import io.kurve.protocol.v1.Hello;
import io.kurve.protocol.v1.MetadataGrpc;
import io.kurve.protocol.v1.Proof;
import io.kurve.protocol.v1.SessionGrpc;
import io.kurve.protocol.v1.VolumeAdminGrpc;
import io.kurve.protocol.v1.VolumeHostGrpc;
import io.kurve.protocol.v1.Welcome;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a server knows of one connection: nothing, a handshake under way, or who is there. It ends
 * with the connection, so a session's proof is worth nothing on another one.
 */
final class ServerSession {
  static final Metadata.Key<byte[]> PROOF =
      Metadata.Key.of("kurve-session-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private static final Logger log = LoggerFactory.getLogger(ServerSession.class);
  private static final Attributes.Key<ServerSession> OF_CONNECTION =
      Attributes.Key.create("kurve-session");

  /** By the full name of the service; what is not named here is for nobody. */
  private static final Map<String, Purpose> PURPOSES =
      Map.of(
          MetadataGrpc.SERVICE_NAME, Purpose.METADATA,
          VolumeAdminGrpc.SERVICE_NAME, Purpose.VOLUME_ADMINISTRATION,
          ChunkserverRegistryGrpc.SERVICE_NAME, Purpose.CHUNKSERVER_REGISTRY,
          ClusterInspectionGrpc.SERVICE_NAME, Purpose.CLUSTER_INSPECTION,
          ChunkserverCommandsGrpc.SERVICE_NAME, Purpose.CHUNKSERVER_COMMANDS,
          VolumeHostGrpc.SERVICE_NAME, Purpose.VOLUME_HOST);

  private static final Context.Key<ServerSession> OF_CALL = Context.key("kurve-session");

  private final Identity self;
  private final String remote;
  private final boolean welcome;
  private @Nullable ServerHandshake handshake;
  private @Nullable Peer peer;

  private ServerSession(Identity self, String remote, boolean welcome) {
    this.self = self;
    this.remote = remote;
    this.welcome = welcome;
  }

  private synchronized Challenge open(Hello hello) {
    peer = null;
    ServerHandshake begun = new ServerHandshake(self, remote);
    Challenge challenge = begun.hello(hello.toByteArray());
    handshake = begun;
    return challenge;
  }

  private synchronized Welcome prove(Proof proof) {
    if (handshake == null) {
      throw new KurveException(ErrorCode.REFUSED, "a Proof without a Hello from " + remote, "");
    }
    peer = handshake.proof(proof);
    return Welcome.getDefaultInstance();
  }

  private synchronized boolean shown(byte @Nullable [] proof) {
    return proof != null
        && peer != null
        && handshake != null
        && MessageDigest.isEqual(proof, handshake.sessionProof());
  }

  /** Gives each connection a session of its own. */
  static final class PerConnection extends ServerTransportFilter {
    private final Identity self;
    private final int limit;
    private final AtomicInteger connected = new AtomicInteger();

    /**
     * @param limit of connections at one time; those above it are told so at every call
     */
    PerConnection(Identity self, int limit) {
      this.self = self;
      this.limit = limit;
    }

    @Override
    public Attributes transportReady(Attributes attributes) {
      String remote = String.valueOf(attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
      boolean welcome = connected.incrementAndGet() <= limit;
      return attributes.toBuilder()
          .set(OF_CONNECTION, new ServerSession(self, remote, welcome))
          .build();
    }

    @Override
    public void transportTerminated(@Nullable Attributes attributes) {
      if (attributes != null && attributes.get(OF_CONNECTION) != null) {
        connected.decrementAndGet();
      }
    }
  }

  private synchronized Optional<Role> role() {
    return Optional.ofNullable(peer).map(Peer::role);
  }

  /**
   * Lets nobody through who has not shown the session's proof, nor who is not meant to ask this,
   * nor calls without a deadline.
   */
  static final class Guard implements ServerInterceptor {
    private static KurveException tooMany() {
      return new KurveException(
          ErrorCode.OVERLOAD,
          "too many connections are open to this server",
          "try again later; see what holds them open");
    }

    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
        ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
      ServerSession session = call.getAttributes().get(OF_CONNECTION);
      if (session == null) {
        throw new IllegalStateException("a connection without a session");
      }
      if (!session.welcome) {
        return refuse(call, Failures.toStatus(tooMany()));
      }
      Context context = Context.current().withValue(OF_CALL, session);
      boolean opening =
          SessionGrpc.SERVICE_NAME.equals(call.getMethodDescriptor().getServiceName());
      if (!opening && !session.shown(headers.get(PROOF))) {
        return refuse(call, Status.UNAUTHENTICATED.withDescription("no handshake came first"));
      }
      if (!opening && !mayAsk(call, session)) {
        return refuse(call, notMeant(call, session));
      }
      if (context.getDeadline() == null) {
        return refuse(call, Status.INVALID_ARGUMENT.withDescription("each call has a deadline"));
      }
      return Contexts.interceptCall(context, call, headers, next);
    }

    private static boolean mayAsk(ServerCall<?, ?> call, ServerSession session) {
      return Optional.ofNullable(call.getMethodDescriptor().getServiceName())
          .map(PURPOSES::get)
          .filter(purpose -> session.role().filter(purpose::isFor).isPresent())
          .isPresent();
    }

    private static StatusRuntimeException notMeant(ServerCall<?, ?> call, ServerSession session) {
      KurveException refusal =
          new KurveException(
              ErrorCode.REFUSED,
              "a "
                  + session.role().map(Role::toString).orElse("nobody")
                  + " (at "
                  + session.remote
                  + ") may not call "
                  + call.getMethodDescriptor().getFullMethodName(),
              "correct the address in its configuration");
      log.warn("{}", refusal.oneLine());
      return Failures.toStatus(refusal);
    }

    private static <A, B> ServerCall.Listener<A> refuse(ServerCall<A, B> call, Status status) {
      return refuse(call, status.asRuntimeException(new Metadata()));
    }

    private static <A, B> ServerCall.Listener<A> refuse(
        ServerCall<A, B> call, StatusRuntimeException status) {
      Metadata trailers = status.getTrailers();
      call.close(status.getStatus(), trailers == null ? new Metadata() : trailers);
      return new ServerCall.Listener<>() {};
    }
  }

  /** The handshake's two calls. */
  static final class Service extends SessionGrpc.SessionImplBase {
    @Override
    public void open(Hello request, StreamObserver<Challenge> out) {
      ServerSession session = OF_CALL.get();
      step(session, out, () -> session.open(request));
    }

    @Override
    public void prove(Proof request, StreamObserver<Welcome> out) {
      ServerSession session = OF_CALL.get();
      step(session, out, () -> session.prove(request));
    }

    private static <W> void step(ServerSession session, StreamObserver<W> out, Supplier<W> step) {
      W answer;
      try {
        answer = step.get();
      } catch (KurveException refusal) {
        log.warn("refusing the connection of {}: {}", session.remote, refusal.oneLine());
        out.onError(Failures.toStatus(refusal));
        return;
      } catch (BadMessage garbage) {
        log.warn("refusing the connection of {}: {}", session.remote, garbage.getMessage());
        out.onError(Failures.toStatus(garbage));
        return;
      }
      out.onNext(answer);
      out.onCompleted();
    }
  }
}
