package io.kurve.mds;

import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.ChunkserverRegistry.Addresses;
import io.kurve.core.metadata.HostAndPort;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Where chunkservers are: told by the core after each registration, read by any thread. */
public final class ChunkserverAddresses implements Consumer<Map<ReplicaId, Addresses>> {
  private volatile Map<ReplicaId, Addresses> known = Map.of();

  @Override
  public void accept(Map<ReplicaId, Addresses> now) {
    known = Map.copyOf(now);
  }

  public Optional<HostAndPort> control(ReplicaId replica) {
    return Optional.ofNullable(known.get(replica)).map(Addresses::control);
  }
}
