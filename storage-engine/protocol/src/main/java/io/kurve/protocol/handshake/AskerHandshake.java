package io.kurve.protocol.handshake;

import com.google.protobuf.ByteString;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.protocol.convert.Ids;
import io.kurve.protocol.v1.Challenge;
import io.kurve.protocol.v1.Hello;
import io.kurve.protocol.v1.Proof;
import java.security.SecureRandom;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The asking side of one handshake: {@link #hello}, then {@link #answer}, each once. */
public final class AskerHandshake {
  private final Identity self;
  private final Optional<StoreId> target;
  private final String serverAddress;
  private byte[] hello = new byte[0];
  private @Nullable Transcript transcript;
  private Optional<StoreGeneration> serverGeneration = Optional.empty();

  public AskerHandshake(Identity self, Optional<StoreId> target, String serverAddress) {
    this.self = self;
    this.target = target;
    this.serverAddress = serverAddress;
  }

  public Hello hello() {
    byte[] nonce = new byte[ServerHandshake.NONCE_BYTES];
    new SecureRandom().nextBytes(nonce);
    Hello.Builder message =
        Hello.newBuilder()
            .setProtocolVersion(ServerHandshake.VERSION)
            .setCluster(Ids.uuid(self.cluster().value()))
            .setRole(Ids.role(self.role()))
            .setNonce(ByteString.copyFrom(nonce))
            .setKeyFingerprint(self.key().fingerprint());
    self.chunkserver().ifPresent(id -> message.setChunkserverId(id.value()));
    self.store().ifPresent(store -> message.setStore(Ids.uuid(store.value())));
    self.generation().ifPresent(generation -> message.setStoreGeneration(generation.value()));
    target.ifPresent(store -> message.setTargetStore(Ids.uuid(store.value())));
    Hello built = message.build();
    hello = built.toByteArray();
    return built;
  }

  /**
   * @throws KurveException when the server is not who it should be
   */
  public Proof answer(Challenge challenge) {
    if (challenge.getProtocolVersion() != ServerHandshake.VERSION) {
      throw Refusal.otherVersion(serverAddress, challenge.getProtocolVersion());
    }
    transcript = new Transcript(self.key(), hello, challenge);
    if (!Transcript.same(challenge.getProof().toByteArray(), transcript.serverProof())) {
      throw new KurveException(
          ErrorCode.REFUSED,
          "the server at "
              + serverAddress
              + " could not prove that it has "
              + self.key()
              + " of this cluster",
          "correct the address, or use the key file that was made with the cluster");
    }
    if (target.isPresent()) {
      Optional<StoreId> present =
          challenge.hasStore()
              ? Optional.of(new StoreId(Ids.uuid(challenge.getStore())))
              : Optional.empty();
      if (!present.equals(target)) {
        throw ServerHandshake.wrongStore(target.get(), present);
      }
    }
    if (challenge.getStoreGeneration() > 0) {
      serverGeneration = Optional.of(new StoreGeneration(challenge.getStoreGeneration()));
    }
    return Proof.newBuilder().setProof(ByteString.copyFrom(transcript.askerProof())).build();
  }

  /** Which start of its store the server is; empty before its answer, and if it did not say. */
  public Optional<StoreGeneration> serverGeneration() {
    return serverGeneration;
  }

  /** What to show with each call from now on. */
  public byte[] sessionProof() {
    if (transcript == null) {
      throw new IllegalStateException("no challenge was answered");
    }
    return transcript.sessionProof();
  }
}
