package io.kurve.core.metadata;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import java.util.List;
import java.util.Optional;

/** A copyset's members with their addresses, and who led it when last heard of. */
public record CopysetPlacement(
    CopysetKey copyset, List<Member> members, Optional<ReplicaId> leader) {
  public record Member(ReplicaId replica, HostAndPort dataAddress) {}
}
