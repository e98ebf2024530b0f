package io.kurve.client.volume;

import io.kurve.client.BlockVolume;
import io.kurve.client.Flight;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Volume;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * An opened volume on its event loop.
 *
 * <pre>
 *   user --> OpenVolume --> Admission --> Request --> Segments (where?)      --> MDS
 *            bounds         window,       pieces  --> Call / ReadModifyWrite --> DataTransport
 *                           overlaps                  retries, leaders (Copysets, Route)
 * </pre>
 *
 * Callbacks of the stages run on the loop and must not block it.
 */
public final class OpenVolume implements BlockVolume {
  private static final Logger LOG = LoggerFactory.getLogger(OpenVolume.class);

  private enum Life {
    OPEN,
    /** Ends what is in flight, then gives the attachment up; takes nothing new. */
    CLOSING,
    /** The attachment could not be given up; closing again tries again. */
    CLOSE_FAILED,
    CLOSED
  }

  private final VolumePorts ports;
  private final Turn turn;
  private final Session session;
  private final MetadataCalls metadata;
  private final Admission admission;
  private final Lease lease;
  private final long attachmentDeadlineNanos;
  private final List<CompletableFuture<Void>> closing = new ArrayList<>();
  private final CompletableFuture<String> fenced = new CompletableFuture<>();
  private Life life = Life.OPEN;
  private boolean aborted;

  public OpenVolume(VolumeIdentity identity, VolumePorts ports, VolumeLimits limits) {
    this(identity, ports, limits, new NumberWindow(limits.numberSpan()));
  }

  OpenVolume(VolumeIdentity identity, VolumePorts ports, VolumeLimits limits, NumberWindow window) {
    this.ports = ports;
    this.turn = new Turn(ports.loop());
    this.session = new Session(identity);
    this.metadata = new MetadataCalls(ports, limits.retry(), turn);
    this.attachmentDeadlineNanos = limits.retry().attachmentDeadline().toNanos();
    Copysets copysets = new Copysets(ports, session, metadata);
    Segments segments = new Segments(ports, session, metadata, copysets);
    DataCalls calls = new DataCalls(ports, limits.retry(), session, copysets, window, turn);
    this.admission =
        new Admission(new Engine(limits, session, window, segments, copysets, calls, turn), ports);
    this.lease = new Lease(ports, session, metadata, turn, identity.opened().leaseDuration());
    session.onFenced(() -> {
      ports.metrics().fenced();
      LOG.atLevel(aborted ? Level.INFO : Level.WARN)
          .log("{}", session.fencedBecause().map(KurveException::text).orElse(""));
      session.fencedBecause().ifPresent(why -> fenced.complete(why.text()));
    });
  }

  /** Begins to renew the lease. */
  public void start() {
    turn.enter(lease::start);
  }

  /**
   * Begins to renew the lease, with an attachment that an earlier process took.
   *
   * @return ends when the MDS has confirmed it, or said that it is fenced, or stayed silent for so
   *     long: then copysets decide
   */
  CompletionStage<Void> startResumed(Duration patience) {
    CompletableFuture<Void> confirmed = new CompletableFuture<>();
    turn.enter(() -> {
      var unused =
          ports.loop().schedule(patience, () -> turn.enter(() -> confirmed.complete(null)));
      lease.confirm(() -> learnSize(confirmed));
    });
    return confirmed;
  }

  private void learnSize(CompletableFuture<Void> confirmed) {
    metadata.askOnce(
        () -> ports.metadata().volume(session.volume().id()),
        volume -> {
          session.volume(volume);
          confirmed.complete(null);
        },
        failure -> {
          LOG.debug("The MDS does not tell the size: {}", failure.text());
          confirmed.complete(null);
        });
  }

  @Override
  public void allAskedAgain() {
    turn.enter(admission::allAskedAgain);
  }

  @Override
  public Volume volume() {
    return session.volume();
  }

  @Override
  public AttachmentId attachment() {
    return session.attachment();
  }

  @Override
  public CompletionStage<Void> read(long offset, ByteBuffer target, Flight flight) {
    return submit(Operation.READ, offset, target.remaining(), Optional.of(target.slice()), flight);
  }

  @Override
  public CompletionStage<Void> write(long offset, ByteBuffer source, Flight flight) {
    return submit(Operation.WRITE, offset, source.remaining(), Optional.of(source.slice()), flight);
  }

  @Override
  public CompletionStage<Void> discard(long offset, long length, Flight flight) {
    return submit(Operation.DISCARD, offset, length, Optional.empty(), flight);
  }

  @Override
  public CompletionStage<Void> writeZeroes(long offset, long length, Flight flight) {
    return submit(Operation.WRITE_ZEROES, offset, length, Optional.empty(), flight);
  }

  @Override
  public CompletionStage<Void> flush() {
    CompletableFuture<Void> future = new CompletableFuture<>();
    turn.enter(() -> {
      Optional<KurveException> refusal = refusal();
      if (refusal.isPresent()) {
        future.completeExceptionally(refusal.get());
        return;
      }
      admission.flush(future);
    });
    return future;
  }

  @Override
  public CompletionStage<Volume> refresh() {
    CompletableFuture<Volume> future = new CompletableFuture<>();
    turn.enter(() -> {
      Optional<KurveException> refusal = refusal();
      if (refusal.isPresent()) {
        future.completeExceptionally(refusal.get());
        return;
      }
      metadata.askOnce(
          () -> ports.metadata().volume(session.volume().id()),
          volume -> {
            session.volume(volume);
            future.complete(volume);
          },
          future::completeExceptionally);
    });
    return future;
  }

  @Override
  public CompletionStage<String> fenced() {
    return fenced.minimalCompletionStage();
  }

  @Override
  public void abort(String why) {
    turn.enter(() -> {
      aborted = true;
      session.fence(why);
    });
  }

  @Override
  public CompletionStage<Void> close() {
    CompletableFuture<Void> future = new CompletableFuture<>();
    turn.enter(() -> {
      switch (life) {
        case CLOSED -> future.complete(null);
        case CLOSING -> closing.add(future);
        case OPEN, CLOSE_FAILED -> {
          life = Life.CLOSING;
          closing.add(future);
          admission.whenIdle(this::giveUpAttachment);
        }
      }
    });
    return future;
  }

  private CompletionStage<Void> submit(
      Operation operation, long offset, long length, Optional<ByteBuffer> buffer, Flight flight) {
    CompletableFuture<Void> future = new CompletableFuture<>();
    turn.enter(() -> {
      Optional<KurveException> refusal =
          refusal().or(() -> misfit(operation, offset, length, buffer));
      if (refusal.isPresent()) {
        ports.metrics().failed(operation);
        future.completeExceptionally(refusal.get());
      } else if (length == 0) {
        future.complete(null);
      } else {
        long since = ports.loop().nanoTime();
        admission.submit(
            new Request.Asked(operation, offset, length, buffer, flight, since), future);
      }
    });
    return future;
  }

  private Optional<KurveException> refusal() {
    if (life != Life.OPEN && !session.isFenced()) {
      return Optional.of(
          new KurveException(
              ErrorCode.FENCED,
              "volume '%s' is closed: %s is given up"
                  .formatted(session.volume().name(), session.attachment()),
              "attach the volume again"));
    }
    return session.fencedBecause();
  }

  private Optional<KurveException> misfit(
      Operation operation, long offset, long length, Optional<ByteBuffer> buffer) {
    long size = session.volume().sizeBytes();
    if (offset < 0 || length < 0 || offset > size - length) {
      return Optional.of(
          new KurveException(
              ErrorCode.INVALID_ARGUMENT,
              "volume '%s': %d bytes at %d are not inside its %d bytes"
                  .formatted(session.volume().name(), length, offset, size),
              "stay inside the volume, or let it grow with `kurve volume resize`"));
    }
    if (operation == Operation.READ && buffer.map(ByteBuffer::isReadOnly).orElse(false)) {
      return Optional.of(
          new KurveException(
              ErrorCode.INVALID_ARGUMENT,
              "volume '%s': the target of a read is read-only".formatted(session.volume().name()),
              "read into a writable buffer"));
    }
    return Optional.empty();
  }

  private void giveUpAttachment() {
    long since = ports.loop().nanoTime();
    metadata.ask(
        () -> ports.metadata().close(session.host(), session.attachment()),
        () -> ports.loop().nanoTime() - since < attachmentDeadlineNanos,
        nothing -> closed(),
        failure -> {
          if (failure.code() == ErrorCode.FENCED || failure.code() == ErrorCode.NOT_FOUND) {
            // It is gone, which is what closing wants.
            closed();
          } else {
            closeFailed(failure);
          }
        });
  }

  private void closed() {
    life = Life.CLOSED;
    lease.stop();
    takeClosing().forEach(future -> future.complete(null));
  }

  private void closeFailed(KurveException failure) {
    life = Life.CLOSE_FAILED;
    KurveException named =
        new KurveException(
            failure.code(),
            "volume '%s': %s could not be given up: %s"
                .formatted(session.volume().name(), session.attachment(), failure.text()),
            "see `kurve cluster status`, then detach again",
            failure);
    takeClosing().forEach(future -> future.completeExceptionally(named));
  }

  private List<CompletableFuture<Void>> takeClosing() {
    List<CompletableFuture<Void>> all = List.copyOf(closing);
    closing.clear();
    return all;
  }
}
