package io.kurve.protocol.data;

import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.HostAndPort;
import java.util.Optional;

/** Where a replica is now; called on any thread, answers at once. */
@FunctionalInterface
public interface AddressBook {
  Optional<HostAndPort> address(ReplicaId replica);
}
