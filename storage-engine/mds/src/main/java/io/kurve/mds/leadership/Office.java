package io.kurve.mds.leadership;

import io.kurve.core.failure.KurveException;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import io.kurve.core.time.EventLoop;
import io.kurve.core.time.RandomSource;
import io.kurve.mds.record.StoredRecord.IdKind;
import io.kurve.mds.state.Ids;
import io.kurve.mds.state.Image;
import java.time.Instant;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** What the holder of the leadership works with, for one term. */
public record Office(MdsTerm term, MdsPorts ports, WriteGate gate, Book book, Timings timings) {

  /** The image and the ids given from it. */
  public record Book(Image image, Ids ids) {
    public Book(Image image) {
      this(image, new Ids(image));
    }
  }

  public EventLoop loop() {
    return ports.loop();
  }

  public RandomSource random() {
    return ports.random();
  }

  /** For people to read; nothing is decided by it. */
  public Instant now() {
    return ports.wallClock().instant();
  }

  public Image image() {
    return book.image();
  }

  public Ids ids() {
    return book.ids();
  }

  /** What every command and heartbeat answer carries. */
  public Authority authority() {
    return new Authority(term, image().revision(), image().reservedThrough(IdKind.GENERAL));
  }

  /** Lets work go on that nobody waits for: only a programming error in it is told, and halts. */
  public void background(CompletionStage<?> work) {
    var _ =
        work.whenComplete((_, failure) -> {
          if (failure != null && !(cause(failure) instanceof KurveException)) {
            throw ports.faults().halt("work of the MDS in the background failed", failure);
          }
        });
  }

  public static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }
}
