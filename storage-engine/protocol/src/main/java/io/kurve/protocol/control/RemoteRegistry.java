package io.kurve.protocol.control;

import io.kurve.core.metadata.ChunkserverRegistry;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.protocol.convert.ChunkserverMessages;
import io.kurve.protocol.v1.ChunkserverRegistryGrpc;
import java.util.concurrent.CompletionStage;

record RemoteRegistry(Caller mds) implements ChunkserverRegistry {
  @Override
  public CompletionStage<Registration> register(Newcomer newcomer) {
    return mds.call(
            ChunkserverRegistryGrpc.getRegisterMethod(), ChunkserverMessages.newcomer(newcomer))
        .thenApply(ChunkserverMessages::registration);
  }

  @Override
  public CompletionStage<HeartbeatReply> heartbeat(ChunkserverReport report) {
    return mds.call(
            ChunkserverRegistryGrpc.getHeartbeatMethod(), ChunkserverMessages.report(report))
        .thenApply(ChunkserverMessages::answer);
  }
}
