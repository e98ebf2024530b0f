package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.rpc.RaftRpcFactory;
import com.alipay.sofa.jraft.rpc.RpcClient;
import com.alipay.sofa.jraft.rpc.RpcServer;
import com.alipay.sofa.jraft.util.Endpoint;
import com.alipay.sofa.jraft.util.SPI;
import org.jspecify.annotations.Nullable;

/**
 * Takes Bolt's place. jraft finds it by its service file and makes one client for each replica,
 * which learns in {@code init} whom it belongs to. There is no server: {@link ReplicaInbox} hands
 * messages to the replica itself.
 */
@SPI(name = "kurve", priority = 100)
public final class KurveRpcFactory implements RaftRpcFactory {
  @Override
  public void registerProtobufSerializer(String className, Object... arguments) {
    // MessageKind knows its parsers.
  }

  @Override
  public RpcClient createRpcClient(@Nullable ConfigHelper<RpcClient> helper) {
    return new TransportRpcClient();
  }

  @Override
  public RpcServer createRpcServer(Endpoint endpoint, @Nullable ConfigHelper<RpcServer> helper) {
    throw new UnsupportedOperationException("raft's messages come through RaftTransport");
  }
}
