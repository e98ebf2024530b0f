package io.kurve.client.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.Volume;
import io.kurve.core.time.EventLoop;
import io.kurve.core.unit.Geometry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** One volume's metadata in memory. Each answer takes a millisecond, and trouble is scripted. */
public final class FakeMds implements MetadataService {
  static final VolumeId VOLUME = new VolumeId(3);
  static final Duration LEASE = Duration.ofSeconds(30);

  /** Before the answer: a trouble, or none. Applied first when {@code applied}. */
  public record Trouble(boolean applied, Optional<ErrorCode> answer) {}

  final List<String> asked = new ArrayList<>();
  final Set<AttachmentId> fenced = new HashSet<>();
  final List<TakeOver> takeOvers = new ArrayList<>();
  public Supplier<Optional<Trouble>> trouble = Optional::empty;
  Duration latency = Duration.ofMillis(1);
  long sizeBytes;
  boolean shared;

  private final EventLoop loop;
  private final FakeChunkservers chunkservers;
  private final Map<Long, SegmentMap> segments = new TreeMap<>();
  private long lastAttachment;

  public FakeMds(EventLoop loop, FakeChunkservers chunkservers, long sizeBytes) {
    this.loop = loop;
    this.chunkservers = chunkservers;
    this.sizeBytes = sizeBytes;
  }

  /** Admits a new attachment at once, as open does in the end. */
  Opened openNow() {
    AttachmentId attachment = new AttachmentId(++lastAttachment);
    chunkservers.admitted.add(attachment);
    return new Opened(record(), attachment, LEASE);
  }

  void down() {
    trouble = () -> Optional.of(new Trouble(false, Optional.empty()));
  }

  void up() {
    trouble = Optional::empty;
  }

  Optional<SegmentMap> map(long index) {
    return Optional.ofNullable(segments.get(index));
  }

  long countAsked(String what) {
    return asked.stream().filter(text -> text.startsWith(what)).count();
  }

  @Override
  public CompletionStage<Opened> open(
      String volumeName, String host, String requestId, AccessMode mode, TakeOver takeOver) {
    if (mode == AccessMode.SHARED && !shared) {
      return CompletableFuture.failedStage(
          new KurveException(ErrorCode.INVALID_ARGUMENT, volumeName + " is not shared", ""));
    }
    takeOvers.add(takeOver);
    return answer("open " + volumeName + " " + requestId + " " + mode, this::openNow);
  }

  @Override
  public CompletionStage<List<AttachmentId>> renew(String host, List<AttachmentId> attachments) {
    return answer("renew", () -> attachments.stream().filter(fenced::contains).toList());
  }

  @Override
  public CompletionStage<Void> close(String host, AttachmentId attachment) {
    return answer(
        "close",
        () -> {
          chunkservers.admitted.remove(attachment);
          return null;
        });
  }

  @Override
  public CompletionStage<SegmentMapping> segment(
      VolumeId volume, AttachmentId attachment, long segmentIndex, boolean allocate) {
    return answer(
        (allocate ? "allocate " : "look-up ") + segmentIndex,
        () -> {
          if (fenced.contains(attachment)) {
            throw new KurveException(ErrorCode.FENCED, attachment + " is fenced", "");
          }
          if (allocate) {
            segments.computeIfAbsent(segmentIndex, FakeMds::newSegment);
          }
          Optional<SegmentMap> segment = map(segmentIndex);
          return new SegmentMapping(
              segment,
              segment.stream()
                  .flatMap(map -> map.copysets().stream().distinct())
                  .map(chunkservers::placement)
                  .toList());
        });
  }

  @Override
  public CompletionStage<List<CopysetPlacement>> placements(List<CopysetId> copysets) {
    return answer("placements", () -> copysets.stream().map(chunkservers::placement).toList());
  }

  @Override
  public CompletionStage<Volume> volume(VolumeId volume) {
    return answer("volume", this::record);
  }

  private Volume record() {
    return new Volume(
        VOLUME,
        "demo",
        sizeBytes,
        512,
        false,
        1,
        Volume.State.ACTIVE,
        Instant.EPOCH,
        Optional.empty(),
        0);
  }

  private static SegmentMap newSegment(long index) {
    List<CopysetId> copysets = new ArrayList<>();
    for (int chunk = 0; chunk < Geometry.CHUNKS_PER_SEGMENT; chunk++) {
      copysets.add(new CopysetId(1 + chunk % FakeChunkservers.COPYSETS));
    }
    return new SegmentMap(VOLUME, index, new ChunkId(1000 * (index + 1)), copysets);
  }

  @SuppressWarnings("NullAway") // Void has no other value than null
  private <T> CompletionStage<T> answer(String what, Supplier<T> action) {
    asked.add(what);
    Optional<Trouble> present = trouble.get();
    CompletableFuture<T> future = new CompletableFuture<>();
    var unused =
        loop.schedule(
            latency,
            () -> {
              try {
                T result = present.isEmpty() || present.get().applied() ? action.get() : null;
                if (present.isEmpty()) {
                  future.complete(result);
                } else {
                  present
                      .get()
                      .answer()
                      .ifPresent(code ->
                          future.completeExceptionally(
                              new KurveException(code, "by the script", "")));
                }
              } catch (KurveException e) {
                future.completeExceptionally(e);
              }
            });
    return future;
  }
}
