package io.kurve.cli.playground;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.cli.playground.Takedown.Quorum;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.VolumeHostService;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** When the devices of a playground that goes down are taken away by force, and when never. */
class TakedownTest {
  private final List<String> calls = new ArrayList<>();
  private final List<String> progress = new ArrayList<>();
  private final Deque<ErrorCode> refusals = new ArrayDeque<>();
  private Quorum quorum = Quorum.ALL;
  private boolean claimed;
  private Duration patience = Duration.ofMinutes(5);

  @Test
  void aSlowWriteOutIsWaitedFor() throws Exception {
    refusals.addAll(List.of(ErrorCode.UNAVAILABLE, ErrorCode.DEADLINE_EXCEEDED));
    detachAll(true);
    assertThat(calls).containsExactly("detach", "detach", "detach");
    assertThat(progress).hasSize(2).allMatch(line -> line.contains("writing what is cached"));
  }

  @Test
  void aWriteOutThatDoesNotEndIsRefusedWithTheCure() {
    patience = Duration.ZERO;
    refusals.add(ErrorCode.UNAVAILABLE);
    assertThatThrownBy(() -> detachAll(true))
        .isInstanceOfSatisfying(
            KurveException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.IN_USE);
              assertThat(e.cure()).contains("kurve volume detach demo --force");
            });
    assertThat(calls).containsExactly("detach");
  }

  @Test
  void aQuorumThatGoesMeanwhileLeavesOnlyForceAndSaysWhatIsLost() throws Exception {
    quorum = Quorum.SOME;
    refusals.add(ErrorCode.UNAVAILABLE);
    detachAll(true);
    assertThat(calls).containsExactly("detach", "detach by force");
    assertThat(progress).last().asString().contains("by force", "not synced", "lost");
  }

  @Test
  void inAStallForceIsUsedAtOnceButNotOnAClaimedDevice() throws Exception {
    quorum = Quorum.NONE;
    claimed = true;
    assertThatThrownBy(() -> detachAll(true)).hasMessageContaining("is part of /dev/dm-0");
    assertThat(calls).isEmpty();
    claimed = false;
    detachAll(true);
    assertThat(calls).containsExactly("detach by force");
  }

  @Test
  void whatIsDestroyedIsNotWrittenOutForMinutes() throws Exception {
    refusals.add(ErrorCode.UNAVAILABLE);
    detachAll(false);
    assertThat(calls).containsExactly("detach", "detach by force");
    assertThat(progress).noneMatch(line -> line.contains("lost"));
  }

  @Test
  void aDeviceInUseIsNeverTaken() {
    refusals.add(ErrorCode.IN_USE);
    assertThatThrownBy(() -> detachAll(true)).isInstanceOf(KurveException.class);
    assertThat(calls).containsExactly("detach");
  }

  private void detachAll(boolean wanted) throws Exception {
    Takedown.Claims claims =
        () -> {
          if (claimed) {
            throw new KurveException(ErrorCode.IN_USE, "/dev/loop0 is part of /dev/dm-0", "");
          }
        };
    new Takedown(() -> quorum, claims, patience, progress::add)
        .detachAll("host-1", new Host(), wanted);
  }

  private final class Host implements VolumeHostService {
    @Override
    public CompletionStage<List<AttachedDevice>> list() {
      return CompletableFuture.completedFuture(
          List.of(
              new AttachedDevice(
                  "demo",
                  new VolumeId(1),
                  new AttachmentId(7),
                  "/dev/loop0",
                  "/dev/kurve/demo",
                  4096,
                  DeviceState.READY,
                  List.of())));
    }

    @Override
    public CompletionStage<Void> detach(String volumeName, boolean force) {
      calls.add(force ? "detach by force" : "detach");
      if (force || refusals.isEmpty()) {
        return CompletableFuture.completedFuture(null);
      }
      return CompletableFuture.failedFuture(
          new KurveException(refusals.remove(), "not within 10 s", "wait"));
    }

    @Override
    public CompletionStage<AttachedDevice> attach(String volumeName, Set<AttachmentId> takeOver) {
      throw new AssertionError("nothing is attached here");
    }

    @Override
    public CompletionStage<AttachedDevice> info(String volumeName) {
      throw new AssertionError("nobody asks");
    }

    @Override
    public CompletionStage<AttachedDevice> resize(String volumeName) {
      throw new AssertionError("nothing grows");
    }
  }
}
