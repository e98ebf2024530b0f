package io.kurve.blockdev.host;

import io.kurve.blockdev.host.OpeningNotes.Note;
import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.TakeOver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens volumes so that each attachment is known to this host's directory at any time: first by a
 * note of the request, then by the attachment's own directory.
 *
 * <pre>
 *   note       |=========================|            opening/REQUEST-ID
 *   directory                        |=============   mounts/attachment-N, until it is given up
 *              asked      answered
 * </pre>
 */
public final class Openings {
  private static final Logger LOG = LoggerFactory.getLogger(Openings.class);

  private final VolumeOpener opener;
  private final OpeningNotes notes;
  private final Devices devices;
  private final GivingUp givingUp;

  public Openings(VolumeOpener opener, RunDirectory run, Devices devices, GivingUp givingUp) {
    this.opener = opener;
    this.notes = new OpeningNotes(run.openings());
    this.devices = devices;
    this.givingUp = givingUp;
  }

  BlockVolume open(String volumeName, TakeOver takeOver, Duration deadline)
      throws IOException, InterruptedException {
    Note note = notes.begin(volumeName);
    BlockVolume volume = ask(note, takeOver, deadline);
    boolean noted = false;
    try {
      devices.remember(volume.attachment());
      noted = true;
    } finally {
      if (!noted) {
        giveUp(note, volume);
      }
    }
    end(note);
    return volume;
  }

  private BlockVolume ask(Note note, TakeOver takeOver, Duration deadline)
      throws InterruptedException {
    CompletableFuture<BlockVolume> opening =
        opener.open(note.volumeName(), note.requestId(), takeOver).toCompletableFuture();
    try {
      return opening.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof KurveException known)) {
        throw new IllegalStateException("a volume broke its word on how it fails", e.getCause());
      }
      if (isAnswer(known.code())) {
        end(note);
      } else {
        notes.unanswered(note);
      }
      throw known;
    } catch (TimeoutException e) {
      // Should it open after all, nobody wants it any more.
      var unused =
          opening.whenComplete((late, failure) -> {
            if (failure == null) {
              giveUp(note, late);
            } else {
              notes.unanswered(note);
            }
          });
      throw new KurveException(
          ErrorCode.DEADLINE_EXCEEDED,
          "volume "
              + note.volumeName()
              + " could not be opened within "
              + deadline.toSeconds()
              + " s",
          "see `kurve cluster status` for what is missing",
          e);
    }
  }

  private void giveUp(Note note, BlockVolume volume) {
    var unused =
        givingUp
            .start(volume.attachment() + ", which nobody waits for", volume::close)
            .thenRun(() -> end(note));
  }

  /**
   * Gives up what a predecessor asked for and may have got: asking again under the same id says
   * which attachment that is. If it got none it gets one now, for a moment, and takes it from
   * nobody.
   */
  List<CompletableFuture<Void>> giveUpLeftovers(String host, MetadataService metadata)
      throws IOException {
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (Note note : notes.left()) {
      all.add(
          givingUp
              .start(
                  "what a killed host wanted of volume " + note.volumeName(),
                  () -> giveUp(note, host, metadata))
              .thenRun(() -> end(note)));
    }
    return all;
  }

  private static CompletionStage<Void> giveUp(Note note, String host, MetadataService metadata) {
    return metadata
        .open(note.volumeName(), host, note.requestId(), AccessMode.SHARED)
        .exceptionallyCompose(thrown ->
            codeOf(thrown) == ErrorCode.INVALID_ARGUMENT
                ? metadata.open(note.volumeName(), host, note.requestId(), AccessMode.EXCLUSIVE)
                : CompletableFuture.failedStage(thrown))
        .thenCompose(opened -> metadata.close(host, opened.attachment()))
        .exceptionallyCompose(thrown ->
            isAnswer(codeOf(thrown))
                ? CompletableFuture.completedStage(null)
                : CompletableFuture.failedStage(thrown));
  }

  /** What was asked for in another cluster is nothing to this one. */
  void forgetLeftovers() throws IOException {
    notes.left().forEach(this::end);
  }

  /** Says that the volume is not held for this host under that id. */
  private static boolean isAnswer(ErrorCode code) {
    return switch (code) {
      case INVALID_ARGUMENT, NOT_FOUND, ATTACHED_ELSEWHERE, FENCED -> true;
      case UNAVAILABLE,
          NOT_LEADER,
          UNKNOWN_OUTCOME,
          OVERLOAD,
          DEADLINE_EXCEEDED,
          ALREADY_EXISTS,
          IN_USE,
          NO_SPACE,
          DATA_LOST,
          REFUSED,
          BAD_STORE,
          UNSUPPORTED,
          INTERNAL ->
          false;
    };
  }

  private static ErrorCode codeOf(Throwable thrown) {
    Throwable cause = thrown instanceof CompletionException ? thrown.getCause() : thrown;
    return cause instanceof KurveException known ? known.code() : ErrorCode.INTERNAL;
  }

  /** A note too many costs the successor a question. */
  private void end(Note note) {
    try {
      notes.end(note);
    } catch (IOException e) {
      LOG.warn("the note of request {} could not be removed", note.requestId(), e);
    }
  }
}
