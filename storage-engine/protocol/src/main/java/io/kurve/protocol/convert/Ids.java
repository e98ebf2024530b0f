package io.kurve.protocol.convert;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.protocol.handshake.Role;
import io.kurve.protocol.v1.Uuid;
import java.util.UUID;
import java.util.function.Supplier;

/** Ids, roles and error codes. */
public final class Ids {
  private Ids() {}

  /** Runs a conversion; what core types refuse is the sender's fault. */
  public static <T> T checked(Supplier<T> conversion) {
    try {
      return conversion.get();
    } catch (IllegalArgumentException | ArithmeticException refused) {
      throw new BadMessage(String.valueOf(refused.getMessage()), refused);
    }
  }

  public static Uuid uuid(UUID value) {
    return Uuid.newBuilder()
        .setHigh(value.getMostSignificantBits())
        .setLow(value.getLeastSignificantBits())
        .build();
  }

  public static UUID uuid(Uuid value) {
    return new UUID(value.getHigh(), value.getLow());
  }

  public static CopysetKey copyset(long id, long generation) {
    return new CopysetKey(new CopysetId(id), new CopysetGeneration(generation));
  }

  public static ReplicaId replica(long chunkserver, Uuid store) {
    return new ReplicaId(new ChunkserverId(chunkserver), new StoreId(uuid(store)));
  }

  public static io.kurve.protocol.v1.Role role(Role role) {
    return switch (role) {
      case CLIENT -> io.kurve.protocol.v1.Role.ROLE_CLIENT;
      case CHUNKSERVER -> io.kurve.protocol.v1.Role.ROLE_CHUNKSERVER;
      case MDS -> io.kurve.protocol.v1.Role.ROLE_MDS;
      case VOLUME_HOST -> io.kurve.protocol.v1.Role.ROLE_VOLUME_HOST;
      case CLI -> io.kurve.protocol.v1.Role.ROLE_CLI;
    };
  }

  public static Role role(io.kurve.protocol.v1.Role role) {
    return switch (role) {
      case ROLE_CLIENT -> Role.CLIENT;
      case ROLE_CHUNKSERVER -> Role.CHUNKSERVER;
      case ROLE_MDS -> Role.MDS;
      case ROLE_VOLUME_HOST -> Role.VOLUME_HOST;
      case ROLE_CLI -> Role.CLI;
      case ROLE_UNSPECIFIED, UNRECOGNIZED -> throw new BadMessage("unknown role");
    };
  }

  public static io.kurve.protocol.v1.ErrorCode code(ErrorCode code) {
    return io.kurve.protocol.v1.ErrorCode.valueOf(code.name());
  }

  public static ErrorCode code(io.kurve.protocol.v1.ErrorCode code) {
    return code == io.kurve.protocol.v1.ErrorCode.UNRECOGNIZED
        ? ErrorCode.INTERNAL
        : ErrorCode.valueOf(code.name());
  }
}
