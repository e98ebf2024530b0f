package io.kurve.protocol.handshake;

import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import java.util.Optional;

/**
 * What this process shows on its connections.
 *
 * @param store what a chunkserver has from the start
 * @param chunkserver what it gets when it registers
 */
public record Identity(
    ClusterId cluster,
    ClusterKey key,
    Role role,
    Optional<StoreId> store,
    Optional<StoreGeneration> generation,
    Optional<ChunkserverId> chunkserver) {

  public static Identity of(ClusterId cluster, ClusterKey key, Role role) {
    return new Identity(cluster, key, role, Optional.empty(), Optional.empty(), Optional.empty());
  }

  public static Identity ofStore(
      ClusterId cluster, ClusterKey key, StoreId store, StoreGeneration generation) {
    return new Identity(
        cluster,
        key,
        Role.CHUNKSERVER,
        Optional.of(store),
        Optional.of(generation),
        Optional.empty());
  }

  /** The same after registration: peers take it for this replica. */
  public Identity registeredAs(ChunkserverId id) {
    return new Identity(cluster, key, role, store, generation, Optional.of(id));
  }

  public Optional<ReplicaId> replica() {
    return chunkserver.flatMap(id -> store.map(s -> new ReplicaId(id, s)));
  }
}
