package io.kurve.chunkserver.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.CopysetKey;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class MemberChangesTest {
  private static final CopysetKey COPYSET = Samples.COPYSET;

  private final MemberChanges changes = new MemberChanges();
  private final List<Long> begun = new ArrayList<>();

  private CompletableFuture<Void> ask(long revision, CompletableFuture<Void> end) {
    return changes
        .change(
            COPYSET,
            revision,
            () -> {
              begun.add(revision);
              return end;
            })
        .toCompletableFuture();
  }

  @Test
  void rule15OneChangeAtATimeAndNoneThatIsOutdated() {
    CompletableFuture<Void> first = new CompletableFuture<>();
    CompletableFuture<Void> answer = ask(5, first);
    assertThatThrownBy(ask(6, first)::join).hasMessageContaining("another change is under way");
    assertThatThrownBy(ask(4, first)::join).hasMessageContaining("a later change");
    assertThat(answer).isNotDone();
    first.completeExceptionally(new IllegalStateException("no"));
    assertThatThrownBy(answer::join).hasMessageContaining("no");
    ask(5, CompletableFuture.completedFuture(null)).join();
    ask(7, CompletableFuture.completedFuture(null)).join();
    assertThatThrownBy(ask(6, first)::join).hasMessageContaining("a later change");
    assertThat(begun).containsExactly(5L, 5L, 7L);
  }

  @Test
  void rule23ATombstoneFromBeforeAReplicaWasMadeDoesNotRemoveIt() {
    assertThat(changes.removes(COPYSET, 9)).isEmpty();
    assertThat(changes.joins(COPYSET, 20)).isEmpty();
    assertThat(changes.joins(COPYSET, 12)).isEmpty();
    assertThat(changes.removes(COPYSET, 19)).isPresent();
    assertThat(changes.removes(COPYSET, 20).map(KurveException::oneLine).orElse(""))
        .contains("was made after transaction 20");
    assertThat(changes.removes(COPYSET, 21)).isEmpty();
  }

  @Test
  void rule15AReplicaIsNotMadeByAnOrderFromBeforeItsRemoval() {
    assertThat(changes.joins(COPYSET, 4)).isEmpty();
    assertThat(changes.removes(COPYSET, 7)).isEmpty();
    assertThat(changes.joins(COPYSET, 6).map(KurveException::oneLine).orElse(""))
        .contains("was removed later");
    assertThat(changes.joins(COPYSET, 7)).isEmpty();
  }
}
