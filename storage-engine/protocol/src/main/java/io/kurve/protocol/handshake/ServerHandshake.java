package io.kurve.protocol.handshake;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.protocol.convert.Ids;
import io.kurve.protocol.v1.Challenge;
import io.kurve.protocol.v1.Hello;
import io.kurve.protocol.v1.Proof;
import java.security.SecureRandom;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The answering side of one handshake: {@link #hello}, then {@link #proof}, each once. A refusal is
 * a {@link KurveException} that names what the asker said and what this server is.
 */
public final class ServerHandshake {
  public static final int VERSION = 1;
  static final int NONCE_BYTES = 32;

  private final Identity self;
  private final String askerAddress;
  private @Nullable Transcript transcript;
  private @Nullable Peer claimed;

  public ServerHandshake(Identity self, String askerAddress) {
    this.self = self;
    this.askerAddress = askerAddress;
  }

  public Challenge hello(byte[] bytes) {
    if (transcript != null) {
      throw outOfOrder("a second Hello");
    }
    Hello hello;
    try {
      hello = Hello.parseFrom(bytes);
    } catch (InvalidProtocolBufferException garbage) {
      throw new KurveException(
          ErrorCode.REFUSED, "the Hello of " + askerAddress + " can't be read", "", garbage);
    }
    check(hello);
    claimed = peer(hello);
    byte[] nonce = new byte[NONCE_BYTES];
    new SecureRandom().nextBytes(nonce);
    Challenge.Builder challenge =
        Challenge.newBuilder()
            .setProtocolVersion(VERSION)
            .setRole(Ids.role(self.role()))
            .setNonce(ByteString.copyFrom(nonce));
    self.store().ifPresent(store -> challenge.setStore(Ids.uuid(store.value())));
    self.generation().ifPresent(start -> challenge.setStoreGeneration(start.value()));
    transcript = new Transcript(self.key(), bytes, challenge.build());
    return challenge.setProof(ByteString.copyFrom(transcript.serverProof())).build();
  }

  private void check(Hello hello) {
    if (hello.getProtocolVersion() != VERSION) {
      throw Refusal.otherVersion(askerAddress, hello.getProtocolVersion());
    }
    if (hello.getNonce().size() != NONCE_BYTES) {
      throw new KurveException(
          ErrorCode.REFUSED, "the Hello of " + askerAddress + " has no proper nonce", "");
    }
    ClusterId cluster = new ClusterId(Ids.uuid(hello.getCluster()));
    if (!cluster.equals(self.cluster())) {
      throw new KurveException(
          ErrorCode.REFUSED,
          asker(hello)
              + " belongs to cluster "
              + cluster
              + ", the "
              + self.role()
              + " that it asked to cluster "
              + self.cluster(),
          "correct the address or the cluster id in the configuration");
    }
    String fingerprint = self.key().fingerprint();
    if (!hello.getKeyFingerprint().equals(fingerprint)) {
      throw new KurveException(
          ErrorCode.REFUSED,
          asker(hello)
              + " has a key with fingerprint '"
              + printable(hello.getKeyFingerprint())
              + "', the "
              + self.role()
              + " that it asked one with '"
              + fingerprint
              + "'",
          "use the key file that was made with the cluster on both sides");
    }
    if (hello.hasTargetStore()) {
      StoreId wanted = new StoreId(Ids.uuid(hello.getTargetStore()));
      if (!self.store().equals(Optional.of(wanted))) {
        throw wrongStore(wanted, self.store());
      }
    }
  }

  /** The text goes to the asker, whom its own port tells nothing. */
  private static String asker(Hello hello) {
    return "the asking " + Ids.role(hello.getRole());
  }

  static KurveException wrongStore(StoreId wanted, Optional<StoreId> present) {
    return new KurveException(
        ErrorCode.REFUSED,
        "store "
            + wanted
            + " is asked for, here is "
            + present.map(store -> "store " + store).orElse("none"),
        "ask the MDS where the store is now");
  }

  private Peer peer(Hello hello) {
    Optional<StoreId> store =
        hello.hasStore() ? Optional.of(new StoreId(Ids.uuid(hello.getStore()))) : Optional.empty();
    Optional<ReplicaId> replica =
        hello.getChunkserverId() < 1
            ? Optional.empty()
            : store.map(s -> new ReplicaId(new ChunkserverId(hello.getChunkserverId()), s));
    Optional<StoreGeneration> generation =
        store.isEmpty() || hello.getStoreGeneration() < 0
            ? Optional.empty()
            : Optional.of(new StoreGeneration(hello.getStoreGeneration()));
    return new Peer(Ids.role(hello.getRole()), replica, generation, askerAddress);
  }

  public Peer proof(Proof proof) {
    if (transcript == null || claimed == null) {
      throw outOfOrder("a Proof without a Hello");
    }
    if (!Transcript.same(proof.getProof().toByteArray(), transcript.askerProof())) {
      throw new KurveException(
          ErrorCode.REFUSED,
          askerAddress + " could not prove that it has " + self.key() + " of this cluster",
          "use the key file that was made with the cluster on both sides");
    }
    return claimed;
  }

  /** What the asker shows with each call from now on. */
  public byte[] sessionProof() {
    if (transcript == null) {
      throw outOfOrder("a session without a Hello");
    }
    return transcript.sessionProof();
  }

  private KurveException outOfOrder(String what) {
    return new KurveException(ErrorCode.REFUSED, what + " came from " + askerAddress, "");
  }

  private static String printable(String text) {
    return text.length() > 16 ? text.substring(0, 16) + "..." : text;
  }
}
