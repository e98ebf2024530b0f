package io.kurve.protocol.convert;

import static io.kurve.protocol.convert.Ids.checked;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.StoreStart;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import io.kurve.core.metadata.ChunkserverCommands.Grant;
import io.kurve.core.metadata.ChunkserverRegistry.HeartbeatReply;
import io.kurve.core.metadata.ChunkserverRegistry.Newcomer;
import io.kurve.core.metadata.ChunkserverRegistry.Registration;
import io.kurve.core.metadata.ChunkserverReport;
import io.kurve.core.metadata.ChunkserverReport.Capacity;
import io.kurve.core.metadata.ChunkserverReport.CopysetReport;
import io.kurve.core.metadata.ChunkserverReport.OutOfService;
import io.kurve.core.metadata.ChunkserverReport.Seen;
import io.kurve.protocol.v1.AuthorityRecord;
import io.kurve.protocol.v1.CapacityRecord;
import io.kurve.protocol.v1.CopysetReportRecord;
import io.kurve.protocol.v1.DurableIndex;
import io.kurve.protocol.v1.GrantRequest;
import io.kurve.protocol.v1.HeartbeatAnswer;
import io.kurve.protocol.v1.HeartbeatRequest;
import io.kurve.protocol.v1.OutOfServiceRecord;
import io.kurve.protocol.v1.RegisterReply;
import io.kurve.protocol.v1.RegisterRequest;
import io.kurve.protocol.v1.SeenRecord;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Registrations, heartbeats and commands. */
public final class ChunkserverMessages {
  private ChunkserverMessages() {}

  public static RegisterRequest newcomer(Newcomer newcomer) {
    RegisterRequest.Builder request =
        RegisterRequest.newBuilder()
            .setCluster(Ids.uuid(newcomer.cluster().value()))
            .setStore(Ids.uuid(newcomer.store().value()))
            .setChunkserverId(newcomer.id().map(ChunkserverId::value).orElse(0L))
            .setStoreGeneration(newcomer.start().generation().value())
            .setStartId(newcomer.start().id())
            .setAddresses(PlaceMessages.addresses(newcomer.addresses()))
            .setFailureDomain(newcomer.failureDomain())
            .setDiskName(newcomer.diskName())
            .setCapacity(capacity(newcomer.capacity()))
            .setSeen(seen(newcomer.seen()));
    new TreeMap<>(newcomer.durableIndexes())
        .forEach((copyset, index) ->
            request.addDurableIndexes(
                DurableIndex.newBuilder()
                    .setCopyset(PlaceMessages.copyset(copyset))
                    .setIndex(index)));
    return request.build();
  }

  public static Newcomer newcomer(RegisterRequest request) {
    return checked(() -> {
      Map<CopysetKey, Long> indexes = new TreeMap<>();
      request
          .getDurableIndexesList()
          .forEach(i -> indexes.put(PlaceMessages.copyset(i.getCopyset()), i.getIndex()));
      return new Newcomer(
          new ClusterId(Ids.uuid(request.getCluster())),
          new StoreId(Ids.uuid(request.getStore())),
          request.getChunkserverId() == 0
              ? Optional.empty()
              : Optional.of(new ChunkserverId(request.getChunkserverId())),
          start(request.getStoreGeneration(), request.getStartId()),
          PlaceMessages.addresses(request.getAddresses()),
          request.getFailureDomain(),
          request.getDiskName(),
          capacity(request.getCapacity()),
          seen(request.getSeen()),
          indexes);
    });
  }

  public static RegisterReply registration(Registration registration) {
    return switch (registration) {
      case Registration.Confirmed confirmed ->
          RegisterReply.newBuilder()
              .setConfirmed(
                  RegisterReply.Confirmed.newBuilder()
                      .setChunkserverId(confirmed.id().value())
                      .setHeartbeatMillis(confirmed.heartbeatInterval().toMillis()))
              .build();
      case Registration.Unconfirmed unconfirmed ->
          RegisterReply.newBuilder()
              .setUnconfirmed(RegisterReply.Unconfirmed.newBuilder().setWhy(unconfirmed.why()))
              .build();
    };
  }

  public static Registration registration(RegisterReply reply) {
    return switch (reply.getRegistrationCase()) {
      case CONFIRMED ->
          checked(() ->
              new Registration.Confirmed(
                  new ChunkserverId(reply.getConfirmed().getChunkserverId()),
                  Duration.ofMillis(reply.getConfirmed().getHeartbeatMillis())));
      case UNCONFIRMED -> new Registration.Unconfirmed(reply.getUnconfirmed().getWhy());
      case REGISTRATION_NOT_SET -> throw new BadMessage("an unknown answer to a registration");
    };
  }

  private static StoreStart start(long generation, long id) {
    return new StoreStart(new StoreGeneration(generation), id);
  }

  private static SeenRecord seen(Seen seen) {
    return SeenRecord.newBuilder()
        .setMdsTerm(seen.term().value())
        .setMetastoreRevision(seen.metastoreRevision())
        .setHighestId(seen.highestId())
        .setHighestAttachmentId(seen.highestAttachment().value())
        .build();
  }

  private static Seen seen(SeenRecord record) {
    return new Seen(
        new MdsTerm(record.getMdsTerm()),
        record.getMetastoreRevision(),
        record.getHighestId(),
        new AttachmentId(record.getHighestAttachmentId()));
  }

  private static CapacityRecord capacity(Capacity capacity) {
    return CapacityRecord.newBuilder()
        .setSlots(capacity.slots())
        .setSlotsUsed(capacity.slotsUsed())
        .setLogBytes(capacity.logBytes())
        .setLogBytesUsed(capacity.logBytesUsed())
        .build();
  }

  private static Capacity capacity(CapacityRecord record) {
    return new Capacity(
        record.getSlots(), record.getSlotsUsed(), record.getLogBytes(), record.getLogBytesUsed());
  }

  public static HeartbeatRequest report(ChunkserverReport report) {
    return HeartbeatRequest.newBuilder()
        .setReplica(PlaceMessages.replica(report.replica()))
        .setStoreGeneration(report.start().generation().value())
        .setStartId(report.start().id())
        .setSeen(seen(report.seen()))
        .setCapacity(capacity(report.capacity()))
        .setDiskFailure(report.diskFailure().orElse(""))
        .addAllCopysets(report.copysets().stream().map(ChunkserverMessages::copyset).toList())
        .addAllOutOfService(
            report.outOfService().stream().map(ChunkserverMessages::outOfService).toList())
        .build();
  }

  public static ChunkserverReport report(HeartbeatRequest request) {
    return checked(() ->
        new ChunkserverReport(
            PlaceMessages.replica(request.getReplica()),
            start(request.getStoreGeneration(), request.getStartId()),
            seen(request.getSeen()),
            capacity(request.getCapacity()),
            Optional.of(request.getDiskFailure()).filter(text -> !text.isEmpty()),
            request.getCopysetsList().stream().map(ChunkserverMessages::copyset).toList(),
            request.getOutOfServiceList().stream()
                .map(record ->
                    new OutOfService(
                        PlaceMessages.copyset(record.getCopyset()),
                        record.getWhy(),
                        record.getNeedsMove()))
                .toList()));
  }

  private static OutOfServiceRecord outOfService(OutOfService replica) {
    return OutOfServiceRecord.newBuilder()
        .setCopyset(PlaceMessages.copyset(replica.copyset()))
        .setWhy(replica.why())
        .setNeedsMove(replica.needsMove())
        .build();
  }

  private static CopysetReportRecord copyset(CopysetReport report) {
    return CopysetReportRecord.newBuilder()
        .setCopyset(PlaceMessages.copyset(report.copyset()))
        .setLeading(report.leading())
        .setTerm(report.term())
        .setDurableIndex(report.durableIndex())
        .setAppliedIndex(report.appliedIndex())
        .setMembership(PlaceMessages.members(report.membership()))
        .addAllLagging(report.lagging().stream().map(PlaceMessages::replica).toList())
        .setDamagedBlocks(report.damagedBlocks())
        .setInstalling(report.installing())
        .build();
  }

  private static CopysetReport copyset(CopysetReportRecord record) {
    return new CopysetReport(
        PlaceMessages.copyset(record.getCopyset()),
        record.getLeading(),
        record.getTerm(),
        record.getDurableIndex(),
        record.getAppliedIndex(),
        PlaceMessages.members(record.getMembership()),
        PlaceMessages.replicas(record.getLaggingList()),
        record.getDamagedBlocks(),
        record.getInstalling());
  }

  public static HeartbeatAnswer answer(HeartbeatReply reply) {
    HeartbeatAnswer.Builder answer =
        HeartbeatAnswer.newBuilder().setAuthority(authority(reply.authority()));
    new TreeMap<>(reply.founding())
        .forEach((copyset, membership) ->
            answer.addFounding(
                HeartbeatAnswer.Founding.newBuilder()
                    .setCopyset(PlaceMessages.copyset(copyset))
                    .setMembership(PlaceMessages.members(membership))));
    reply.placements().forEach(place -> answer.addPlacements(PlaceMessages.placement(place)));
    return answer.build();
  }

  public static HeartbeatReply answer(HeartbeatAnswer answer) {
    Map<CopysetKey, Membership> founding = new TreeMap<>();
    answer
        .getFoundingList()
        .forEach(f ->
            founding.put(
                PlaceMessages.copyset(f.getCopyset()), PlaceMessages.members(f.getMembership())));
    return new HeartbeatReply(
        authority(answer.getAuthority()),
        founding,
        answer.getPlacementsList().stream().map(PlaceMessages::placement).toList());
  }

  public static AuthorityRecord authority(Authority authority) {
    return AuthorityRecord.newBuilder()
        .setMdsTerm(authority.term().value())
        .setMetastoreRevision(authority.metastoreRevision())
        .setHighestId(authority.highestId())
        .build();
  }

  public static Authority authority(AuthorityRecord record) {
    return checked(() ->
        new Authority(
            new MdsTerm(record.getMdsTerm()),
            record.getMetastoreRevision(),
            record.getHighestId()));
  }

  public static GrantRequest.Builder grant(Grant grant) {
    return GrantRequest.newBuilder()
        .setVolumeId(grant.volume().value())
        .setRevision(grant.revision())
        .addAllAdmitted(grant.admitted().stream().sorted().map(AttachmentId::value).toList())
        .setShared(grant.shared());
  }

  public static Grant grant(GrantRequest request) {
    return checked(() -> {
      Set<AttachmentId> admitted = new TreeSet<>();
      request.getAdmittedList().forEach(id -> admitted.add(new AttachmentId(id)));
      return new Grant(
          new VolumeId(request.getVolumeId()),
          request.getRevision(),
          admitted,
          request.getShared());
    });
  }
}
