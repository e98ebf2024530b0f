package io.kurve.client.volume;

import io.kurve.client.DataTransport;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.RequestId;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.CopysetPlacement.Member;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.time.EventLoop;
import io.kurve.core.unit.Geometry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Copysets of three chunkservers, in memory: each has a leader, data and the ids that it applied. A
 * script may lose, refuse, delay or answer each delivery in its own way.
 */
public final class FakeChunkservers implements DataTransport {
  public static final int SERVERS = 3;
  public static final int COPYSETS = 4;

  /** What becomes of one delivery. */
  sealed interface Fate {
    record Deliver(Duration delay) implements Fate {}

    /** Not applied. */
    record Answer(DataReply reply) implements Fate {}

    /** Applied by the leader whoever was asked, then answered like this. */
    record ApplyAndAnswer(DataReply reply) implements Fate {}

    record Lose() implements Fate {}

    record ApplyAndLose() implements Fate {}

    /** Delivered in time, and a second time after the delay. */
    record Twice(Duration delay) implements Fate {}

    /** Kept until {@link FakeChunkservers#releaseHeld}. */
    record Hold() implements Fate {}
  }

  @FunctionalInterface
  interface Script {
    Fate fateOf(Member target, DataRequest request);
  }

  record Sent(Member target, DataRequest request, long atNanos) {}

  private record Admitted(CopysetId copyset, AttachmentId attachment) {}

  private record Held(Member target, DataRequest request, Consumer<DataReply> reply) {}

  private static final Duration LATENCY = Duration.ofNanos(500_000);
  static final Script GOOD = (target, request) -> new Fate.Deliver(LATENCY);

  final List<Sent> sent = new ArrayList<>();
  final Set<AttachmentId> admitted = new HashSet<>();
  final Set<HostAndPort> down = new HashSet<>();
  public final List<HostAndPort> addresses = new ArrayList<>();
  Script script = GOOD;
  int duplicatesRefused;
  long generation = 1;

  private final EventLoop loop;
  private final List<Held> held = new ArrayList<>();
  private final Map<CopysetId, Integer> leaders = new TreeMap<>();
  private final Map<ChunkId, SparseImage> chunks = new TreeMap<>();
  private final Map<RequestId, DataReply> verdicts = new TreeMap<>();
  private final Map<Admitted, Long> marks = new HashMap<>();

  public FakeChunkservers(EventLoop loop) {
    this.loop = loop;
    for (int copyset = 1; copyset <= COPYSETS; copyset++) {
      leaders.put(new CopysetId(copyset), copyset % SERVERS);
    }
  }

  public static Member member(int index) {
    return new Member(
        new ReplicaId(new ChunkserverId(index + 1), new StoreId(new UUID(7, index + 1))),
        new HostAndPort("server" + index, 7000 + index));
  }

  private Member memberAt(int index) {
    Member member = member(index);
    return addresses.isEmpty() ? member : new Member(member.replica(), addresses.get(index));
  }

  CopysetPlacement placement(CopysetId copyset) {
    return new CopysetPlacement(
        new CopysetKey(copyset, new CopysetGeneration(generation)),
        List.of(memberAt(0), memberAt(1), memberAt(2)),
        Optional.empty());
  }

  public void lead(CopysetId copyset, int server) {
    leaders.put(copyset, server);
  }

  int leader(CopysetId copyset) {
    return leaders.getOrDefault(copyset, 0);
  }

  void releaseHeld() {
    List<Held> all = List.copyOf(held);
    held.clear();
    all.forEach(h -> h.reply.accept(answer(h.target, h.request)));
  }

  int heldCount() {
    return held.size();
  }

  byte[] blockOf(ChunkId chunk, int offset) {
    return image(chunk).read(offset, Geometry.BLOCK_BYTES);
  }

  void write(ChunkId chunk, int offset, byte[] bytes) {
    image(chunk).write(offset, ByteBuffer.wrap(bytes));
  }

  @Override
  public void send(Member target, DataRequest request, Consumer<DataReply> reply) {
    check(request);
    sent.add(new Sent(target, request, loop.nanoTime()));
    if (down.contains(target.dataAddress())) {
      later(LATENCY, () -> reply.accept(failed(ErrorCode.UNAVAILABLE, Optional.empty())));
      return;
    }
    switch (script.fateOf(target, request)) {
      case Fate.Deliver deliver ->
          later(deliver.delay, () -> reply.accept(answer(target, request)));
      case Fate.Answer answer -> later(LATENCY, () -> reply.accept(answer.reply));
      case Fate.ApplyAndAnswer answer ->
          later(
              LATENCY,
              () -> {
                var unused = apply(request);
                reply.accept(answer.reply);
              });
      case Fate.Lose lose -> {}
      case Fate.ApplyAndLose lose ->
          later(
              LATENCY,
              () -> {
                var unused = apply(request);
              });
      case Fate.Twice twice -> {
        later(LATENCY, () -> reply.accept(answer(target, request)));
        later(twice.delay, () -> reply.accept(answer(target, request)));
      }
      case Fate.Hold hold -> held.add(new Held(target, request, reply));
    }
  }

  static DataReply.Failed failed(ErrorCode code, Optional<ReplicaId> leader) {
    return new DataReply.Failed(code, leader, "by the script");
  }

  private void later(Duration delay, Runnable task) {
    var unused = loop.schedule(delay, task);
  }

  /** As this member, now. */
  public DataReply answer(Member target, DataRequest request) {
    CopysetId copyset = request.context().copyset().id();
    Member leader = member(leader(copyset));
    if (!leader.replica().equals(target.replica())) {
      return failed(ErrorCode.NOT_LEADER, Optional.of(leader.replica()));
    }
    if (request.context().copyset().generation().value() != generation) {
      return failed(ErrorCode.REFUSED, Optional.empty());
    }
    return apply(request);
  }

  private DataReply apply(DataRequest request) {
    RequestId id = request.context().id();
    if (!admitted.contains(id.attachment())) {
      return failed(ErrorCode.FENCED, Optional.empty());
    }
    Admitted sender = new Admitted(request.context().copyset().id(), id.attachment());
    if (request.operation() instanceof DataRequest.Read read) {
      ByteBuffer data =
          ByteBuffer.wrap(image(request.address().chunk()).read(read.offset(), read.length()));
      return new DataReply.Data(data, BlockChecksum.ofBlocks(data));
    }
    if (id.number() < marks.getOrDefault(sender, 0L)) {
      duplicatesRefused++;
      return failed(ErrorCode.REFUSED, Optional.empty());
    }
    marks.merge(sender, request.context().answeredBelow(), Math::max);
    DataReply known = verdicts.get(id);
    if (known != null) {
      return known;
    }
    DataReply verdict = change(request);
    verdicts.put(id, verdict);
    return verdict;
  }

  private DataReply change(DataRequest request) {
    SparseImage image = image(request.address().chunk());
    switch (request.operation()) {
      case DataRequest.Write write -> {
        if (write.expected().isPresent()) {
          int present =
              BlockChecksum.of(ByteBuffer.wrap(image.read(write.offset(), write.length())));
          if (present != write.expected().get()) {
            return new DataReply.Mismatch(present);
          }
        }
        image.write(write.offset(), write.data());
      }
      case DataRequest.WriteZeroes zeroes -> image.zero(zeroes.offset(), zeroes.length());
      case DataRequest.Discard discard -> image.zero(discard.offset(), discard.length());
      case DataRequest.Read read -> throw new AssertionError(read);
    }
    return new DataReply.Done();
  }

  private SparseImage image(ChunkId chunk) {
    return chunks.computeIfAbsent(chunk, unused -> new SparseImage());
  }

  /** What every chunkserver may rely on. */
  private static void check(DataRequest request) {
    DataRequest.Operation operation = request.operation();
    DataRequest.Context context = request.context();
    boolean wholeBlocks =
        operation.offset() % Geometry.BLOCK_BYTES == 0
            && operation.length() % Geometry.BLOCK_BYTES == 0
            && operation.length() > 0
            && operation.offset() >= 0
            && operation.offset() + operation.length() <= Geometry.CHUNK_BYTES;
    boolean payloadFits =
        switch (operation) {
          case DataRequest.Read read -> read.length() <= Geometry.MAX_REQUEST_BYTES;
          case DataRequest.Write write ->
              write.length() <= Geometry.MAX_REQUEST_BYTES
                  && Arrays.equals(write.checksums(), BlockChecksum.ofBlocks(write.data()))
                  && (write.expected().isEmpty() || write.length() == Geometry.BLOCK_BYTES);
          case DataRequest.WriteZeroes zeroes -> true;
          case DataRequest.Discard discard -> true;
        };
    if (!wholeBlocks
        || !payloadFits
        || context.answeredBelow() > context.id().number()
        || !context.remaining().isPositive()) {
      throw new AssertionError("no chunkserver takes this: " + request);
    }
  }
}
