package io.kurve.protocol.convert;

import static io.kurve.protocol.convert.Ids.checked;

import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverRegistry.Addresses;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.v1.Address;
import io.kurve.protocol.v1.AddressesRecord;
import io.kurve.protocol.v1.CopysetRef;
import io.kurve.protocol.v1.Members;
import io.kurve.protocol.v1.Moment;
import io.kurve.protocol.v1.PlacementList;
import io.kurve.protocol.v1.PlacementRecord;
import io.kurve.protocol.v1.Replica;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Where things are: addresses, replicas, memberships, placements; and when. */
public final class PlaceMessages {
  private PlaceMessages() {}

  public static Moment moment(Instant instant) {
    return Moment.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }

  public static Instant moment(Moment moment) {
    try {
      return Instant.ofEpochSecond(moment.getSeconds(), moment.getNanos());
    } catch (DateTimeException absurd) {
      throw new BadMessage(moment.getSeconds() + " s since 1970 is no time", absurd);
    }
  }

  public static Address address(HostAndPort address) {
    return Address.newBuilder().setHost(address.host()).setPort(address.port()).build();
  }

  public static HostAndPort address(Address address) {
    if (address.getPort() < 0 || address.getPort() > 65535) {
      throw new BadMessage("port " + address.getPort());
    }
    return new HostAndPort(address.getHost(), address.getPort());
  }

  public static AddressesRecord addresses(Addresses addresses) {
    return AddressesRecord.newBuilder()
        .setData(address(addresses.data()))
        .setControl(address(addresses.control()))
        .setMetrics(address(addresses.metrics()))
        .build();
  }

  public static Addresses addresses(AddressesRecord record) {
    return new Addresses(
        address(record.getData()), address(record.getControl()), address(record.getMetrics()));
  }

  public static CopysetRef copyset(CopysetKey key) {
    return CopysetRef.newBuilder()
        .setId(key.id().value())
        .setGeneration(key.generation().value())
        .build();
  }

  public static CopysetKey copyset(CopysetRef ref) {
    return checked(() -> Ids.copyset(ref.getId(), ref.getGeneration()));
  }

  public static Replica replica(ReplicaId id) {
    return Replica.newBuilder()
        .setChunkserverId(id.chunkserver().value())
        .setStore(Ids.uuid(id.store().value()))
        .build();
  }

  public static ReplicaId replica(Replica replica) {
    return checked(() -> Ids.replica(replica.getChunkserverId(), replica.getStore()));
  }

  static List<ReplicaId> replicas(List<Replica> replicas) {
    return replicas.stream().map(PlaceMessages::replica).toList();
  }

  public static Members members(Membership membership) {
    return Members.newBuilder()
        .addAllVoters(membership.voters().stream().map(PlaceMessages::replica).toList())
        .addAllLearners(membership.learners().stream().map(PlaceMessages::replica).toList())
        .build();
  }

  public static Membership members(Members members) {
    return new Membership(replicas(members.getVotersList()), replicas(members.getLearnersList()));
  }

  public static PlacementRecord placement(CopysetPlacement placement) {
    PlacementRecord.Builder record =
        PlacementRecord.newBuilder().setCopyset(copyset(placement.copyset()));
    placement
        .members()
        .forEach(member ->
            record.addMembers(
                PlacementRecord.Member.newBuilder()
                    .setReplica(replica(member.replica()))
                    .setDataAddress(address(member.dataAddress()))));
    placement.leader().ifPresent(leader -> record.setLeader(replica(leader)));
    return record.build();
  }

  public static CopysetPlacement placement(PlacementRecord record) {
    return new CopysetPlacement(
        copyset(record.getCopyset()),
        record.getMembersList().stream()
            .map(member ->
                new CopysetPlacement.Member(
                    replica(member.getReplica()), address(member.getDataAddress())))
            .toList(),
        record.hasLeader() ? Optional.of(replica(record.getLeader())) : Optional.empty());
  }

  public static PlacementList placements(List<CopysetPlacement> placements) {
    return PlacementList.newBuilder()
        .addAllPlacements(placements.stream().map(PlaceMessages::placement).toList())
        .build();
  }

  public static List<CopysetPlacement> placements(PlacementList list) {
    return list.getPlacementsList().stream().map(PlaceMessages::placement).toList();
  }
}
