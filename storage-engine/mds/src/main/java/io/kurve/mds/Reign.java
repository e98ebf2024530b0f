package io.kurve.mds;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.ChunkserverRegistry.Addresses;
import io.kurve.core.metastore.MetaStore;
import io.kurve.mds.health.Inspection;
import io.kurve.mds.leadership.MdsPorts;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.leadership.Timings;
import io.kurve.mds.leadership.WriteGate;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.repair.Moves;
import io.kurve.mds.repair.RepairPolicy;
import io.kurve.mds.state.Image;
import io.kurve.mds.topology.Heartbeats;
import io.kurve.mds.topology.MetastoreBehind;
import io.kurve.mds.topology.PoolFounding;
import io.kurve.mds.topology.Presence;
import io.kurve.mds.topology.Registry;
import io.kurve.mds.volume.AttachmentLeases;
import io.kurve.mds.volume.Attachments;
import io.kurve.mds.volume.Fencing;
import io.kurve.mds.volume.Grants;
import io.kurve.mds.volume.Purge;
import io.kurve.mds.volume.RecycleBin;
import io.kurve.mds.volume.SegmentAllocator;
import io.kurve.mds.volume.Succession;
import io.kurve.mds.volume.Volumes;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One term of leadership: all state and services of it, made at election and dropped at its end.
 */
final class Reign {
  private static final Logger LOG = LoggerFactory.getLogger(Reign.class);

  private final Office office;
  private final Presence presence;
  private final MetastoreBehind behind;
  private final Fencing fencing;
  private final Purge purge;
  private final RecycleBin bin;
  private final PoolFounding pool;
  private final Moves moves;
  private final Services services;
  private boolean loaded;
  private @Nullable KurveException ended;

  Reign(
      MdsPorts ports,
      Timings timings,
      RepairPolicy repair,
      MetaStore.Leadership leadership,
      Listener listener) {
    Image image = new Image();
    WriteGate gate =
        new WriteGate(
            ports.loop(),
            ports.store(),
            leadership,
            image,
            timings.deadline(),
            new GateListener(listener));
    this.office =
        new Office(new MdsTerm(leadership.term()), ports, gate, new Office.Book(image), timings);
    this.presence = new Presence(office);
    this.behind = new MetastoreBehind(office);
    AttachmentLeases leases = new AttachmentLeases(office);
    Grants grants = new Grants(office, presence, ports.commands());
    this.fencing = new Fencing(office, grants, leases);
    this.purge = new Purge(office, presence, ports.commands(), grants);
    this.bin = new RecycleBin(office, purge);
    this.pool = new PoolFounding(office, ports.commands());
    Volumes volumes = new Volumes(office, leases, fencing, purge, bin, behind, this::allocator);
    Heartbeats heartbeats = new Heartbeats(office, presence, behind);
    this.moves = new Moves(office, presence, heartbeats, behind, ports.commands(), repair);
    Attachments attachments =
        new Attachments(
            office,
            volumes,
            new Succession(office, volumes, leases, fencing, behind),
            leases,
            grants,
            behind,
            new Attachments.Ground(this::allocator, presence::placement));
    this.services =
        new Services(
            attachments,
            volumes,
            new Registry(office, presence, heartbeats, behind, this::registered),
            new Inspection(
                office, presence, behind, pool, new Inspection.Work(moves, fencing, purge, bin)),
            office.term());
  }

  record Services(
      Attachments metadata,
      Volumes volumes,
      Registry registry,
      Inspection inspection,
      MdsTerm term) {}

  interface Listener {
    void deposed(String why);

    void loaded();
  }

  void begin() {
    LOG.info("elected in {}: reading the metadata store", office.term());
    office.gate().load();
  }

  void end(String why) {
    end(new KurveException(ErrorCode.NOT_LEADER, why, "ask the leader"));
  }

  private void end(KurveException why) {
    if (ended == null) {
      ended = why;
      office.gate().end(why);
    }
  }

  Services services() {
    return services;
  }

  /** Why nothing is answered but the cluster's status. */
  Optional<KurveException> refusal() {
    return Optional.ofNullable(ended).or(behind::found);
  }

  boolean ended() {
    return ended != null;
  }

  /**
   * Whether volumes may be served: chunkservers that have seen more than this MDS must have had
   * their chance to say so first.
   */
  boolean gathered() {
    return loaded && presence.gathered();
  }

  private void registered() {
    tellAddresses();
    pool.kick();
  }

  private void tellAddresses() {
    Map<ReplicaId, Addresses> known = new TreeMap<>();
    office
        .image()
        .chunkservers()
        .values()
        .forEach(disk -> known.put(disk.replica(), disk.addresses()));
    office.ports().addresses().accept(known);
  }

  private SegmentAllocator allocator() {
    return new SegmentAllocator(office.image(), this::hasQuorum, presence::slotsInUse);
  }

  private boolean hasQuorum(CopysetRecord copyset) {
    int members = copyset.membership().voters().size();
    return copyset.membership().voters().stream().filter(presence::live).count() > members / 2;
  }

  private final class GateListener implements WriteGate.Listener {
    private final Listener listener;

    private GateListener(Listener listener) {
      this.listener = listener;
    }

    @Override
    public void loaded() {
      loaded = true;
      LOG.info(
          "serving in {} at revision {}: {} volumes, {} disks",
          office.term(),
          office.image().revision(),
          office.image().volumes().size(),
          office.image().chunkservers().size());
      tellAddresses();
      pool.kick();
      fencing.resume();
      purge.resume();
      bin.resume();
      moves.start();
      listener.loaded();
    }

    @Override
    public void deposed(String why) {
      listener.deposed(why);
    }

    @Override
    public void unusable(KurveException why) {
      LOG.error("serving nothing: {}", why.oneLine());
      end(why);
    }
  }
}
