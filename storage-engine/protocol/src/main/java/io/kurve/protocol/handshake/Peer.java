package io.kurve.protocol.handshake;

import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import java.util.Optional;

/**
 * Who is at the other end of a connection, as it proved with the cluster's key.
 *
 * @param replica of a registered chunkserver
 */
public record Peer(
    Role role, Optional<ReplicaId> replica, Optional<StoreGeneration> generation, String address) {
  @Override
  public String toString() {
    return replica.map(r -> role + " " + r).orElse(role.toString()) + " at " + address;
  }
}
