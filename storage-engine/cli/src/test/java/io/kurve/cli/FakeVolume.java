package io.kurve.cli;

import io.kurve.client.BlockVolume;
import io.kurve.client.Flight;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.Volume;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Answers each request at once, or none. */
final class FakeVolume implements BlockVolume {
  private final Volume volume;
  private final AttachmentId attachment;
  private final boolean stalled;
  private final List<Attachment> attachments;
  private final List<CompletableFuture<Void>> waiting = new ArrayList<>();
  private boolean aborted;
  long bytesWritten;

  FakeVolume(
      Volume volume, AttachmentId attachment, boolean stalled, List<Attachment> attachments) {
    this.volume = volume;
    this.attachment = attachment;
    this.stalled = stalled;
    this.attachments = attachments;
  }

  @Override
  public Volume volume() {
    return volume;
  }

  @Override
  public AttachmentId attachment() {
    return attachment;
  }

  private CompletionStage<Void> answer() {
    CompletableFuture<Void> answer = new CompletableFuture<>();
    if (aborted) {
      answer.completeExceptionally(new KurveException(ErrorCode.FENCED, "aborted", ""));
    } else if (stalled) {
      waiting.add(answer);
    } else {
      answer.complete(null);
    }
    return answer;
  }

  @Override
  public CompletionStage<Void> read(long offset, ByteBuffer target, Flight flight) {
    return answer();
  }

  @Override
  public CompletionStage<Void> write(long offset, ByteBuffer source, Flight flight) {
    bytesWritten += source.remaining();
    return answer();
  }

  @Override
  public void allAskedAgain() {
    throw new AssertionError("this volume is not a resumed one");
  }

  @Override
  public CompletionStage<Void> flush() {
    return answer();
  }

  @Override
  public CompletionStage<Void> discard(long offset, long length, Flight flight) {
    return answer();
  }

  @Override
  public CompletionStage<Void> writeZeroes(long offset, long length, Flight flight) {
    return answer();
  }

  @Override
  public CompletionStage<Volume> refresh() {
    return CompletableFuture.completedFuture(volume);
  }

  @Override
  public CompletionStage<String> fenced() {
    return new CompletableFuture<>();
  }

  @Override
  public void abort(String why) {
    aborted = true;
    waiting.forEach(
        answer -> answer.completeExceptionally(new KurveException(ErrorCode.FENCED, why, "")));
  }

  @Override
  public CompletionStage<Void> close() {
    attachments.removeIf(held -> held.id().equals(attachment));
    return CompletableFuture.allOf(waiting.toArray(CompletableFuture<?>[]::new))
        .handle((done, failure) -> null);
  }
}
