package io.kurve.protocol.handshake;

import java.util.Set;

/**
 * What a connection may be used for, by the role that its other end proved. The one place that says
 * so: whoever has the cluster's key can claim any role, so this stops mistakes, not thieves.
 */
public enum Purpose {
  /** Volumes opened, renewed, mapped. */
  METADATA(Role.CLIENT, Role.VOLUME_HOST, Role.CLI),
  VOLUME_ADMINISTRATION(Role.CLIENT, Role.CLI),
  /** To register a store and to report on it. */
  CHUNKSERVER_REGISTRY(Role.CHUNKSERVER),
  CLUSTER_INSPECTION(Role.CLIENT, Role.CHUNKSERVER, Role.MDS, Role.VOLUME_HOST, Role.CLI),
  /** Copysets founded, grants, purges. */
  CHUNKSERVER_COMMANDS(Role.MDS),
  /** Devices made and taken down. */
  VOLUME_HOST(Role.CLI),
  /** The replicated logs' messages, repair, install. */
  PEER_MESSAGES(Role.CHUNKSERVER);

  private final Set<Role> roles;

  Purpose(Role... roles) {
    this.roles = Set.of(roles);
  }

  public boolean isFor(Role role) {
    return roles.contains(role);
  }
}
