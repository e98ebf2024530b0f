package io.kurve.protocol.control;

import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.protocol.convert.InspectionMessages;
import io.kurve.protocol.convert.PlaceMessages;
import io.kurve.protocol.v1.ClusterInspectionGrpc;
import io.kurve.protocol.v1.Nothing;
import java.util.List;
import java.util.concurrent.CompletionStage;

record RemoteInspection(Caller mds) implements ClusterInspection {
  @Override
  public CompletionStage<ClusterStatus> status() {
    return mds.call(ClusterInspectionGrpc.getStatusMethod(), Nothing.getDefaultInstance())
        .thenApply(InspectionMessages::status);
  }

  @Override
  public CompletionStage<List<DiskInfo>> disks() {
    return mds.call(ClusterInspectionGrpc.getDisksMethod(), Nothing.getDefaultInstance())
        .thenApply(list -> list.getDisksList().stream().map(InspectionMessages::disk).toList());
  }

  @Override
  public CompletionStage<List<CopysetPlacement>> copysets() {
    return mds.call(ClusterInspectionGrpc.getCopysetsMethod(), Nothing.getDefaultInstance())
        .thenApply(PlaceMessages::placements);
  }

  @Override
  public CompletionStage<Leader> leader() {
    return mds.call(ClusterInspectionGrpc.getLeaderMethod(), Nothing.getDefaultInstance())
        .thenApply(InspectionMessages::leader);
  }
}
