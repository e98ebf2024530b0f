package io.kurve.mds.topology;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import io.kurve.core.time.EventLoop;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Gets a command to a copyset's leader and repeats it, with growing and jittered pauses, until it
 * is done or not wanted any more: a copyset that has lost its quorum may take days to answer.
 *
 * <p>The first to be asked is who reported to lead; after a failure the members take turns with it.
 */
public final class LeaderCall {
  private static final long FIRST_PAUSE_MILLIS = 50;
  private static final long LONGEST_PAUSE_MILLIS = 2000;

  private final Office office;
  private final Presence presence;
  private final CopysetId copyset;
  private final Command command;
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private int attempts;
  private String lastFailure = "it was not asked yet";
  private boolean dropped;

  private LeaderCall(Office office, Presence presence, CopysetId copyset, Command command) {
    this.office = office;
    this.presence = presence;
    this.copyset = copyset;
    this.command = command;
  }

  /** One attempt; made anew each time, so that it carries what is true then. */
  @FunctionalInterface
  public interface Command {
    CompletionStage<Void> send(ReplicaId target, Authority authority, CopysetKey copyset);
  }

  public static LeaderCall start(
      Office office, Presence presence, CopysetId copyset, Command command) {
    LeaderCall call = new LeaderCall(office, presence, copyset, command);
    call.attempt();
    return call;
  }

  /** Ends on the loop; never exceptionally. */
  public CompletionStage<Void> done() {
    return done;
  }

  public CopysetId copyset() {
    return copyset;
  }

  /** What became of the last attempt, for people. */
  public String lastFailure() {
    return lastFailure;
  }

  /** No further attempt. */
  public void drop() {
    dropped = true;
  }

  private void attempt() {
    if (dropped || office.gate().ended()) {
      return;
    }
    Optional<CopysetRecord> record = Optional.ofNullable(office.image().copysets().get(copyset));
    if (record.isEmpty()) {
      failed("it is unknown");
      return;
    }
    CompletableFuture<Void> answer = new CompletableFuture<>();
    EventLoop.Timer deadline =
        office
            .loop()
            .schedule(
                office.timings().deadline(),
                () -> {
                  boolean _ =
                      answer.completeExceptionally(
                          new KurveException(
                              ErrorCode.DEADLINE_EXCEEDED,
                              "no answer in " + office.timings().deadline().toSeconds() + " s",
                              ""));
                });
    ReplicaId target = target(record.get());
    var _ =
        command
            .send(target, office.authority(), record.get().copyset())
            .whenComplete((nothing, failure) ->
                office
                    .loop()
                    .execute(() -> {
                      boolean _ =
                          failure == null
                              ? answer.complete(nothing)
                              : answer.completeExceptionally(failure);
                    }));
    var _ =
        answer.whenComplete((_, failure) -> {
          deadline.cancel();
          if (failure == null) {
            boolean _ = done.complete(null);
          } else {
            failed(target + ": " + text(failure));
          }
        });
  }

  private ReplicaId target(CopysetRecord record) {
    List<ReplicaId> members = record.membership().voters();
    ReplicaId inTurn = members.get(attempts / 2 % members.size());
    return attempts % 2 == 0 ? presence.leader(record).orElse(inTurn) : inTurn;
  }

  private void failed(String why) {
    lastFailure = why;
    attempts++;
    long pause = Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(attempts, 8));
    EventLoop.Timer _ =
        office
            .loop()
            .schedule(
                Duration.ofMillis(pause / 2 + office.random().nextLong(pause / 2 + 1)),
                this::attempt);
  }

  private static String text(Throwable failure) {
    Throwable cause = Office.cause(failure);
    return cause instanceof KurveException known ? known.text() : cause.toString();
  }
}
