package io.kurve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.cli.bench.VolumeBench;
import io.kurve.cli.bench.VolumeBench.Plan;
import io.kurve.cli.bench.VolumeBench.Result;
import io.kurve.cli.bench.WarmUp;
import io.kurve.client.bench.BenchPlan.Pattern;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.Attachment;
import io.kurve.core.metadata.ClusterInspection.ClusterStatus;
import io.kurve.core.metadata.ClusterInspection.Health;
import io.kurve.core.metadata.ClusterInspection.Reason;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A measurement leaves nothing behind, however it ends. */
@Timeout(30)
class VolumeBenchTest {
  private static final long MIB = 1 << 20;
  private static final Plan PLAN = plan(new WarmUp.Fixed(0));

  private final FakeConnections fake = new FakeConnections();
  private final List<String> said = new ArrayList<>();
  private final VolumeBench bench =
      new VolumeBench(fake, List.of(), Duration.ofMillis(200), said::add);

  private static Plan plan(WarmUp warmUp) {
    return new Plan(Pattern.RANDWRITE, 4096, 4, 1, warmUp, 16 * MIB, false);
  }

  private void leave(String name) {
    var unused = fake.volumes().create(name, new NewVolume(name, 16 * MIB, 4096, false));
  }

  @Test
  void itsVolumeIsFilledMeasuredAndTakenAway() throws IOException, InterruptedException {
    Result result = bench.onOwnVolume(PLAN);
    assertThat(result.errors()).isZero();
    assertThat(result.operations()).isPositive();
    assertThat(Objects.requireNonNull(fake.opened).bytesWritten).isGreaterThan(16 * MIB);
    assertThat(fake.volumes).isEmpty();
    assertThat(fake.attachments).isEmpty();
    assertThat(fake.changes).contains("client closed");
  }

  @Test
  void aWarmUpComesFirstAndDoesNotCount() throws IOException, InterruptedException {
    Result result = bench.onOwnVolume(plan(new WarmUp.Fixed(1)));
    assertThat(said).containsSequence("warming up for 1 s ...", "measuring for 1 s ...");
    assertThat(result.seconds()).isBetween(0.9, 1.9);
    assertThat(Objects.requireNonNull(fake.opened).bytesWritten - 16 * MIB)
        .isGreaterThan(result.operations() * 4096);
  }

  @Test
  void aWarmUpWithoutALengthEndsByItself() throws IOException, InterruptedException {
    Result result = bench.onOwnVolume(plan(new WarmUp.UntilSteady(1, 2)));
    assertThat(said)
        .containsSequence(
            "warming up until it gets no faster, 2 s at most ...", "measuring for 1 s ...");
    assertThat(result.seconds()).isBetween(0.9, 1.9);
  }

  @Test
  void aStallIsGivenUpAndTheVolumeTakenAway() {
    fake.stalled = true;
    assertThatThrownBy(() -> bench.onOwnVolume(PLAN))
        .isInstanceOfSatisfying(
            KurveException.class,
            stalled -> assertThat(stalled.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED))
        .hasMessageContaining("no request has been answered");
    assertThat(fake.volumes).isEmpty();
    assertThat(fake.attachments).isEmpty();
  }

  private void stalledBy(String code) {
    fake.status =
        new ClusterStatus(
            fake.status.cluster(),
            Health.STALLED,
            List.of(new Reason(code, "c", "24 copysets wait", "start cs-2")),
            10,
            5);
  }

  /** As that of a cluster that has just been started. */
  @Test
  void anElectionIsWaitedFor() throws IOException, InterruptedException {
    stalledBy("COPYSET_NO_LEADER");
    assertThat(bench.onOwnVolume(PLAN).operations()).isPositive();
  }

  @Test
  void aStalledClusterIsNotMeasuredAndNothingIsMade() {
    stalledBy("COPYSET_NO_QUORUM");
    leave("v");
    fake.changes.clear();
    for (ThrowingCallable one :
        List.<ThrowingCallable>of(
            () -> bench.onOwnVolume(PLAN), () -> bench.onVolume("v", PLAN, true))) {
      assertThatThrownBy(one)
          .isInstanceOfSatisfying(
              KurveException.class,
              refused ->
                  assertThat(refused.oneLine())
                      .isEqualTo("the cluster is stalled: 24 copysets wait — start cs-2"));
    }
    assertThat(fake.changes).isEmpty();
  }

  @Test
  void thatItDoesNotFitIsSaidOfTheOption() {
    fake.full = true;
    assertThatThrownBy(() -> bench.onOwnVolume(PLAN))
        .isInstanceOfSatisfying(
            KurveException.class,
            refused ->
                assertThat(refused.oneLine())
                    .isEqualTo("--volume-size of 16 MiB does not fit — ask for at most 1MiB"));
  }

  @Test
  void whatAKilledOneLeftIsClearedAndWhatLivesIsNot() throws IOException, InterruptedException {
    String dead = "bench-" + UUID.randomUUID();
    String living = "bench-" + UUID.randomUUID();
    String neverOpened = "bench-" + UUID.randomUUID();
    List.of(dead, living, neverOpened, "bench-mine").forEach(this::leave);
    fake.attached(dead, "bench", Attachment.State.LEASE_EXPIRED);
    fake.attached(living, "bench");
    fake.now = fake.now.plusSeconds(61);
    Result unused = bench.onOwnVolume(PLAN);
    assertThat(fake.volumes).containsOnlyKeys(living, "bench-mine");
    assertThat(fake.attachments).hasSize(1);
    assertThat(String.join("\n", said)).contains("deleted " + dead).contains(neverOpened);
  }

  @Test
  void whatADeadOneHoldsIsGivenBackBeforeTheNextIsMade() throws IOException, InterruptedException {
    String dead = "bench-" + UUID.randomUUID();
    leave(dead);
    fake.attached(dead, "bench", Attachment.State.LEASE_EXPIRED);
    fake.changes.clear();
    Result unused = bench.onOwnVolume(PLAN);
    assertThat(fake.changes.get(0)).startsWith("fence");
    assertThat(fake.changes.get(1)).startsWith("delete");
    assertThat(fake.changes.get(2)).startsWith("create");
  }

  @Test
  void whatIsYoungIsLeftAloneWhateverTimeItIsHere() throws IOException, InterruptedException {
    String young = "bench-" + UUID.randomUUID();
    leave(young);
    fake.now = fake.now.plusSeconds(59);
    Result unused = bench.onOwnVolume(PLAN);
    assertThat(fake.volumes).containsOnlyKeys(young);
  }

  @Test
  void aVolumeThatSomebodyWroteToBeforeItWasOpenIsLeftAlone() {
    leave("v");
    fake.beforeOpen = () -> fake.volumes.computeIfPresent("v", (name, volume) -> written(volume));
    assertThatThrownBy(() -> bench.onVolume("v", PLAN, false))
        .isInstanceOf(KurveException.class)
        .hasMessageContaining("holds data");
    assertThat(Objects.requireNonNull(fake.opened).bytesWritten).isZero();
    assertThat(fake.attachments).isEmpty();
  }

  private static Volume written(Volume volume) {
    return new Volume(
        volume.id(),
        volume.name(),
        volume.sizeBytes(),
        volume.logicalBlockBytes(),
        volume.shared(),
        volume.sequence(),
        volume.state(),
        volume.created(),
        volume.formatted(),
        16 * MIB);
  }

  @Test
  void aVolumeInUseOrWithDataIsLeftAlone() {
    leave("v");
    fake.attached("v", "host-7");
    assertThatThrownBy(() -> bench.onVolume("v", PLAN, true))
        .isInstanceOf(KurveException.class)
        .hasMessageContaining("host-7");
    assertThat(fake.opened).isNull();
  }
}
