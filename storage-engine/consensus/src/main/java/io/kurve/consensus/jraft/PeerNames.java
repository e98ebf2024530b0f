package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.conf.Configuration;
import com.alipay.sofa.jraft.entity.PeerId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.Membership;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * How replicas and copysets are called inside jraft, which names peers "ip:port". A peer is the
 * never-reused chunkserver id bound to its store's UUID, so an emptied disk or another one in its
 * place is another peer; where it lives now is the transport's business. The copyset's generation
 * is part of the group's name, so messages of an older one find no group.
 */
final class PeerNames {
  private static final int PORT = 1;

  private PeerNames() {}

  static PeerId peer(ReplicaId replica) {
    return new PeerId(replica.chunkserver().value() + "-" + replica.store(), PORT);
  }

  static PeerId parse(String text) {
    PeerId peer = PeerId.parsePeer(text);
    if (peer == null) {
      throw new IllegalArgumentException("not a raft peer: " + text);
    }
    return peer;
  }

  static ReplicaId replica(PeerId peer) {
    return replica(peer.getIp());
  }

  static ReplicaId replica(String ip) {
    int dash = ip.indexOf('-');
    if (dash < 1) {
      throw new IllegalArgumentException("not a replica's name: " + ip);
    }
    return new ReplicaId(
        new ChunkserverId(Long.parseLong(ip.substring(0, dash))),
        StoreId.parse(ip.substring(dash + 1)));
  }

  static String group(CopysetKey copyset) {
    return "copyset-" + copyset.id().value() + "-" + copyset.generation().value();
  }

  static List<PeerId> peers(Collection<ReplicaId> replicas) {
    return replicas.stream().map(PeerNames::peer).toList();
  }

  static List<ReplicaId> replicas(Collection<PeerId> peers) {
    return peers.stream().map(PeerNames::replica).sorted().toList();
  }

  static Configuration configuration(Membership membership) {
    return new Configuration(
        peers(membership.voters()), new LinkedHashSet<>(peers(membership.learners())));
  }

  static Membership membership(Configuration configuration) {
    return new Membership(
        replicas(configuration.getPeers()), replicas(configuration.getLearners()));
  }
}
