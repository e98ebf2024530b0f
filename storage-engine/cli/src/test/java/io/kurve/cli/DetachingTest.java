package io.kurve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metadata.VolumeHostService;
import io.kurve.core.metadata.VolumeHostService.AttachedDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What is said of a device that is mounted while it is taken away. */
class DetachingTest {
  private final List<String> calls = new ArrayList<>();
  private final List<String> said = new ArrayList<>();
  private CompletableFuture<List<AttachedDevice>> listing =
      CompletableFuture.completedFuture(
          List.of(Host.device("demo", "/mnt"), Host.device("b", "/b")));

  @Test
  void byForceWhatIsStillMountedIsNamedWithTheCure() {
    Detaching.detach(new Host(), "demo", true, "host-1", said::add);
    assertThat(calls).containsExactly("list", "detach demo true");
    assertThat(said).hasSize(1);
    assertThat(said.getFirst()).contains("demo", "mounted at /mnt", "I/O errors", "umount /mnt");
  }

  @Test
  void withoutForceNothingNeedsToBeSaid() {
    Detaching.detach(new Host(), "demo", false, "host-1", said::add);
    assertThat(calls).containsExactly("detach demo false");
    assertThat(said).isEmpty();
  }

  @Test
  void byForceAlsoWhereNobodyCanTellWhatIsMounted() {
    listing =
        CompletableFuture.failedFuture(
            new KurveException(ErrorCode.INTERNAL, "loop3 can't be looked at", "look at it"));
    Detaching.detach(new Host(), "demo", true, "host-1", said::add);
    assertThat(calls).containsExactly("list", "detach demo true");
    assertThat(said)
        .containsExactly("whether demo is mounted can't be told: loop3 can't be looked at");
  }

  @Test
  void whoHasItElsewhereIsNamedWithTheCure() {
    FakeConnections fake = new FakeConnections();
    assertThatThrownBy(() -> Detaching.notHere(fake.volumes(), "v", "any host"))
        .hasMessage("volume v does not exist");
    var unused = fake.volumes().create("r", new NewVolume("v", 1 << 24, 4096, false));
    assertThat(Detaching.notHere(fake.volumes(), "v", "any host").oneLine())
        .isEqualTo("volume v is not attached anywhere — see `kurve volume info v`");
    fake.attached("v", "bench");
    assertThat(Detaching.notHere(fake.volumes(), "v", "any host").oneLine())
        .contains("host bench has it since 2026-11-01T10:00:00Z")
        .contains("`kurve volume detach v --force`");
  }

  private final class Host implements VolumeHostService {
    @Override
    public CompletionStage<Void> detach(String volumeName, boolean force) {
      calls.add("detach " + volumeName + " " + force);
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<List<AttachedDevice>> list() {
      calls.add("list");
      return listing;
    }

    static AttachedDevice device(String volume, String mount) {
      return new AttachedDevice(
          volume,
          new VolumeId(1),
          new AttachmentId(2),
          "/dev/loop3",
          "/dev/kurve/" + volume,
          1 << 24,
          DeviceState.READY,
          List.of(mount));
    }

    @Override
    public CompletionStage<AttachedDevice> attach(String volumeName, Set<AttachmentId> takeOver) {
      throw new AssertionError(volumeName);
    }

    @Override
    public CompletionStage<AttachedDevice> info(String volumeName) {
      throw new AssertionError(volumeName);
    }

    @Override
    public CompletionStage<AttachedDevice> resize(String volumeName) {
      throw new AssertionError(volumeName);
    }
  }
}
