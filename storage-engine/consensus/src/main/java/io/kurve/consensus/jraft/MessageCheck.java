package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.entity.EnumOutter.EntryType;
import com.alipay.sofa.jraft.entity.PeerId;
import com.alipay.sofa.jraft.entity.RaftOutter.EntryMeta;
import com.alipay.sofa.jraft.entity.RaftOutter.SnapshotMeta;
import com.alipay.sofa.jraft.rpc.RpcRequests.AppendEntriesRequest;
import java.util.List;

/**
 * Whether a message that parses also makes sense. jraft believes what it reads: it would throw on
 * the way, or append what nobody can apply.
 */
final class MessageCheck {
  private MessageCheck() {}

  static boolean isSound(AppendEntriesRequest request) {
    long bytes = 0;
    for (EntryMeta entry : request.getEntriesList()) {
      boolean configuration = entry.getType() == EntryType.ENTRY_TYPE_CONFIGURATION;
      boolean sound =
          entry.getType() != EntryType.ENTRY_TYPE_UNKNOWN
              && entry.getTerm() <= request.getTerm()
              && entry.getDataLen() >= 0
              && configuration == (entry.getPeersCount() > 0)
              && areReplicas(entry.getPeersList())
              && areReplicas(entry.getOldPeersList())
              && areReplicas(entry.getLearnersList())
              && areReplicas(entry.getOldLearnersList());
      if (!sound) {
        return false;
      }
      bytes += entry.getDataLen();
    }
    return bytes == request.getData().size() && request.getPrevLogIndex() >= 0;
  }

  static boolean isSound(SnapshotMeta meta, String uri) {
    return meta.getLastIncludedIndex() > 0
        && meta.getPeersCount() > 0
        && meta.getOldPeersCount() == 0
        && areReplicas(meta.getPeersList())
        && areReplicas(meta.getLearnersList())
        && isReplica(uri);
  }

  private static boolean areReplicas(List<String> names) {
    for (String name : names) {
      PeerId peer = PeerId.parsePeer(name);
      if (peer == null || !isReplica(peer.getIp())) {
        return false;
      }
    }
    return true;
  }

  private static boolean isReplica(String ip) {
    try {
      return PeerNames.replica(ip).chunkserver().value() > 0;
    } catch (IllegalArgumentException notOne) {
      return false;
    }
  }
}
