package io.kurve.protocol.convert;

import static io.kurve.protocol.convert.Ids.checked;

import io.kurve.core.id.ClusterId;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.ClusterInspection.ClusterStatus;
import io.kurve.core.metadata.ClusterInspection.DiskInfo;
import io.kurve.core.metadata.ClusterInspection.DiskState;
import io.kurve.core.metadata.ClusterInspection.Health;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.protocol.v1.DiskRecord;
import io.kurve.protocol.v1.LeaderReply;
import io.kurve.protocol.v1.StatusReply;

/** The cluster's state, for people. */
public final class InspectionMessages {
  private InspectionMessages() {}

  public static LeaderReply leader(ClusterInspection.Leader leader) {
    return LeaderReply.newBuilder()
        .setAddress(PlaceMessages.address(leader.address()))
        .setTerm(leader.term().value())
        .build();
  }

  public static ClusterInspection.Leader leader(LeaderReply reply) {
    return new ClusterInspection.Leader(
        PlaceMessages.address(reply.getAddress()), new MdsTerm(reply.getTerm()));
  }

  public static StatusReply status(ClusterStatus status) {
    return StatusReply.newBuilder()
        .setCluster(Ids.uuid(status.cluster().value()))
        .setHealth(
            switch (status.health()) {
              case OK -> io.kurve.protocol.v1.Health.HEALTH_OK;
              case DEGRADED -> io.kurve.protocol.v1.Health.HEALTH_DEGRADED;
              case STALLED -> io.kurve.protocol.v1.Health.HEALTH_STALLED;
            })
        .addAllReasons(status.reasons().stream().map(InspectionMessages::reason).toList())
        .setCapacityBytes(status.capacityBytes())
        .setUsedBytes(status.usedBytes())
        .build();
  }

  private static StatusReply.Reason reason(Reason reason) {
    return StatusReply.Reason.newBuilder()
        .setCode(reason.code())
        .setObject(reason.object())
        .setText(reason.text())
        .setCure(reason.cure())
        .build();
  }

  public static ClusterStatus status(StatusReply reply) {
    return new ClusterStatus(
        new ClusterId(Ids.uuid(reply.getCluster())),
        switch (reply.getHealth()) {
          case HEALTH_OK -> Health.OK;
          case HEALTH_DEGRADED -> Health.DEGRADED;
          case HEALTH_STALLED -> Health.STALLED;
          case HEALTH_UNSPECIFIED, UNRECOGNIZED -> throw new BadMessage("unknown health");
        },
        reply.getReasonsList().stream()
            .map(r -> new Reason(r.getCode(), r.getObject(), r.getText(), r.getCure()))
            .toList(),
        reply.getCapacityBytes(),
        reply.getUsedBytes());
  }

  public static DiskRecord disk(DiskInfo disk) {
    return DiskRecord.newBuilder()
        .setReplica(PlaceMessages.replica(disk.replica()))
        .setServer(disk.server())
        .setDiskName(disk.diskName())
        .setState(
            switch (disk.state()) {
              case ONLINE -> io.kurve.protocol.v1.DiskState.DISK_ONLINE;
              case UNSTABLE -> io.kurve.protocol.v1.DiskState.DISK_UNSTABLE;
              case OFFLINE -> io.kurve.protocol.v1.DiskState.DISK_OFFLINE;
              case FAILED -> io.kurve.protocol.v1.DiskState.DISK_FAILED;
              case UNCONFIRMED -> io.kurve.protocol.v1.DiskState.DISK_UNCONFIRMED;
            })
        .setAddresses(PlaceMessages.addresses(disk.addresses()))
        .setTotalBytes(disk.totalBytes())
        .setUsedBytes(disk.usedBytes())
        .setCopysets(disk.copysets())
        .setLeaders(disk.leaders())
        .setLastHeard(PlaceMessages.moment(disk.lastHeard()))
        .setDraining(disk.draining())
        .build();
  }

  public static DiskInfo disk(DiskRecord record) {
    return checked(() ->
        new DiskInfo(
            PlaceMessages.replica(record.getReplica()),
            record.getServer(),
            record.getDiskName(),
            switch (record.getState()) {
              case DISK_ONLINE -> DiskState.ONLINE;
              case DISK_UNSTABLE -> DiskState.UNSTABLE;
              case DISK_OFFLINE -> DiskState.OFFLINE;
              case DISK_FAILED -> DiskState.FAILED;
              case DISK_UNCONFIRMED -> DiskState.UNCONFIRMED;
              case DISK_STATE_UNSPECIFIED, UNRECOGNIZED ->
                  throw new BadMessage("unknown state of disk " + record.getDiskName());
            },
            PlaceMessages.addresses(record.getAddresses()),
            record.getTotalBytes(),
            record.getUsedBytes(),
            record.getCopysets(),
            record.getLeaders(),
            PlaceMessages.moment(record.getLastHeard()),
            record.getDraining()));
  }
}
