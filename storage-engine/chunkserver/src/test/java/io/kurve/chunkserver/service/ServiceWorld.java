package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.Command;
import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.FakeSlotStore;
import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.StoreId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import io.kurve.core.metadata.ChunkserverReport.Seen;
import io.kurve.core.unit.Geometry;
import io.kurve.testkit.failure.HaltingFaultHandler;
import io.kurve.testkit.log.FakeReplicatedLog;
import io.kurve.testkit.log.FakeReplicatedLogs;
import io.kurve.testkit.time.ManualEventLoop;
import io.prometheus.client.CollectorRegistry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** One chunkserver's service with one copyset, on fakes; everything runs on the test's thread. */
final class ServiceWorld {
  static final ClusterId CLUSTER = new ClusterId(new UUID(1, 1));
  static final ReplicaId SELF = new ReplicaId(new ChunkserverId(1), new StoreId(new UUID(0, 1)));
  static final ReplicaId SECOND = new ReplicaId(new ChunkserverId(2), new StoreId(new UUID(0, 2)));
  static final ReplicaId THIRD = new ReplicaId(new ChunkserverId(3), new StoreId(new UUID(0, 3)));
  static final Membership MEMBERS = Membership.ofVoters(List.of(SELF, SECOND, THIRD));

  final ManualEventLoop loop = new ManualEventLoop();
  final FakeSlotStore store = new FakeSlotStore(16);
  final FakeReplicatedLogs logs = new FakeReplicatedLogs();
  final CollectorRegistry registry = new CollectorRegistry();
  final Map<ReplicaId, ReplicaService> peers = new LinkedHashMap<>();
  final HighestSeen seen = new HighestSeen();
  boolean confirmed = true;
  volatile Runnable beforePersist = () -> {};
  ServicePools.Waiting waiting = (end, atMost) -> {};
  final Copysets copysets;
  final DataService data;
  final MdsCommands commands;
  final ReplicaDoor door;
  final CopysetReplica replica;
  final FakeReplicatedLog<CommandReply> log;

  ServiceWorld() {
    this(ServiceLimits.defaults());
  }

  ServiceWorld(ServiceLimits limits) {
    this(limits, ReadMode.LEASE, 0);
  }

  /** Whose log holds entries up to this one, which are not applied yet. */
  ServiceWorld(ServiceLimits limits, long held) {
    this(limits, ReadMode.LEASE, held);
  }

  ServiceWorld(ServiceLimits limits, ReadMode reads) {
    this(limits, reads, 0);
  }

  private ServiceWorld(ServiceLimits limits, ReadMode reads, long held) {
    logs.hold(held);
    ServiceMetrics metrics = new ServiceMetrics(registry);
    copysets =
        new Copysets(
            logs,
            new Copysets.Storage(
                store,
                control -> {
                  beforePersist.run();
                  store.checkpoint(List.of(control), Set.of());
                },
                new HaltingFaultHandler(),
                "disk-1"),
            new Copysets.Peers(SELF, id -> Objects.requireNonNull(peers.get(id)), reads),
            () -> confirmed,
            new ServicePools(
                loop, loop, (end, atMost) -> waiting.await(end, atMost), loop::nanoTime),
            limits,
            metrics);
    replica = copysets.open(Samples.COPYSET, MEMBERS).orElseThrow();
    log = logs.log(Samples.COPYSET);
    data = new DataService(CLUSTER, SELF.store(), copysets, limits, metrics, loop::nanoTime);
    commands = new MdsCommands(SELF, copysets, seen, () -> confirmed);
    door = new ReplicaDoor(copysets, loop);
  }

  /** Leads, with this attachment admitted. */
  ServiceWorld ready(long attachment) {
    log.lead();
    Command.SetGrant grant = Samples.grant(1, attachment);
    var unused =
        commands.grant(SELF, new Authority(grant.term(), 1, 1), Samples.COPYSET, grant.grant());
    log.applyAll();
    return this;
  }

  Answer send(RequestId id, long chunk, DataRequest.Operation operation) {
    return send(id, chunk, operation, Duration.ofSeconds(5));
  }

  Answer send(RequestId id, long chunk, DataRequest.Operation operation, Duration remaining) {
    return send(
        new DataRequest(
            new DataRequest.Context(CLUSTER, SELF.store(), Samples.COPYSET, id, 1, 1, remaining),
            Samples.chunk(chunk),
            operation));
  }

  Answer send(DataRequest request) {
    Answer answer = new Answer();
    data.handle(request, answer.replies::add);
    return answer;
  }

  Answer write(long number, long chunk, int block, int value) {
    return send(id(number), chunk, write(block, value, Optional.empty()));
  }

  /** The client has had the answers of all before it. */
  Answer writeNext(long number, long chunk, int block, int value) {
    return send(
        new DataRequest(
            new DataRequest.Context(
                CLUSTER,
                SELF.store(),
                Samples.COPYSET,
                id(number),
                number,
                1,
                Duration.ofSeconds(5)),
            Samples.chunk(chunk),
            write(block, value, Optional.empty())));
  }

  Answer compareAndWrite(long number, int block, int value, int expected) {
    return send(id(number), 101, write(block, value, Optional.of(expected)));
  }

  Answer read(long chunk, int block) {
    Answer answer = send(id(9999), chunk, new DataRequest.Read(block * Geometry.BLOCK_BYTES, 4096));
    loop.runUntilIdle();
    return answer;
  }

  static RequestId id(long number) {
    return new RequestId(new AttachmentId(10), number, 0);
  }

  static DataRequest.Write write(int block, int value, Optional<Integer> expected) {
    ByteBuffer data = Samples.filled(1, value);
    return new DataRequest.Write(
        block * Geometry.BLOCK_BYTES, data, BlockChecksum.ofBlocks(data), expected);
  }

  static int crc(int value) {
    return BlockChecksum.of(Samples.filled(1, value));
  }

  double metric(String name, String... labels) {
    String[] names = new String[labels.length / 2];
    String[] values = new String[labels.length / 2];
    for (int i = 0; i < names.length; i++) {
      names[i] = labels[2 * i];
      values[i] = labels[2 * i + 1];
    }
    Double value = registry.getSampleValue(name, names, values);
    return value == null ? 0 : value;
  }

  /** Fails the test when a request is answered twice. */
  static final class Answer {
    private final List<DataReply> replies = new ArrayList<>();

    boolean pending() {
      return replies.isEmpty();
    }

    DataReply get() {
      if (replies.size() != 1) {
        throw new AssertionError("answered " + replies.size() + " times: " + replies);
      }
      return replies.getFirst();
    }

    String code() {
      return get() instanceof DataReply.Failed failed ? failed.code().name() : get().toString();
    }
  }

  static final class HighestSeen implements SeenNumbers {
    private MdsTerm term = new MdsTerm(0);

    @Override
    public boolean accept(Authority authority) {
      if (authority.term().compareTo(term) < 0) {
        return false;
      }
      term = authority.term();
      return true;
    }

    @Override
    public boolean isFromBefore(Authority authority) {
      return false;
    }

    @Override
    public void sawAttachment(AttachmentId attachment) {}

    @Override
    public Seen seen() {
      return new Seen(term, 0, 0, new AttachmentId(1));
    }
  }
}
