package io.kurve.chunkserver.server;

import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.data.AddressBook;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Where the other chunkservers are, as the MDS said last. */
final class KnownAddresses implements AddressBook {
  private final Map<ReplicaId, HostAndPort> addresses = new ConcurrentHashMap<>();

  /** Returns those that have not been known there before. */
  List<ReplicaId> learn(List<CopysetPlacement> placements) {
    return placements.stream()
        .flatMap(placement -> placement.members().stream())
        .filter(member ->
            !member.dataAddress().equals(addresses.put(member.replica(), member.dataAddress())))
        .map(CopysetPlacement.Member::replica)
        .toList();
  }

  @Override
  public Optional<HostAndPort> address(ReplicaId replica) {
    return Optional.ofNullable(addresses.get(replica));
  }
}
