package io.kurve.mds;

import static io.kurve.mds.TestCluster.GIB;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.metadata.MetadataService.Opened;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.Volume;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class VolumeLifeTest {
  private final TestCluster cluster = TestCluster.started(3, 16);

  @Test
  void aVolumeIsMadeOpenedMappedAndClosed() {
    Volume volume = cluster.create("demo", 4 * GIB);
    Opened opened = cluster.open("demo", "host-1");
    SegmentMapping mapping =
        cluster.await(cluster.mds.metadata().segment(volume.id(), opened.attachment(), 0, true));
    assertThat(mapping.segment()).isPresent();
    assertThat(mapping.segment().orElseThrow().copysets()).hasSize(64);
    assertThat(new HashSet<>(mapping.segment().orElseThrow().copysets())).hasSize(16);
    assertThat(mapping.placements()).hasSize(16).allMatch(p -> p.leader().isPresent());
    mapping
        .placements()
        .forEach(placement ->
            assertThat(
                    cluster
                        .chunkservers
                        .copyset(placement.copyset().id())
                        .admits(volume.id(), opened.attachment()))
                .isTrue());
    cluster.await(cluster.mds.metadata().close("host-1", opened.attachment()));
    assertThat(
            cluster
                .refusal(cluster.mds.metadata().segment(volume.id(), opened.attachment(), 0, false))
                .code())
        .isEqualTo(ErrorCode.FENCED);
  }

  @Test
  void deletionsThatWaitForACopysetKeepNobodyElsesSpace() {
    List<Volume> held = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Volume volume = cluster.create("held-" + i, GIB);
      Opened opened = cluster.open(volume.name(), "host-1");
      cluster.await(cluster.mds.metadata().segment(volume.id(), opened.attachment(), 0, true));
      cluster.await(cluster.mds.metadata().close("host-1", opened.attachment()));
      held.add(volume);
    }
    cluster.chunkservers.copysets.values().iterator().next().mute = true;
    held.forEach(
        volume -> cluster.await(cluster.mds.volumes().delete(volume.id(), Optional.empty())));
    Volume other = cluster.create("other", GIB);
    cluster.await(cluster.mds.volumes().delete(other.id(), Optional.empty()));
    cluster.until(() -> volumes() == held.size());
    cluster.chunkservers.copysets.values().iterator().next().mute = false;
    cluster.until(() -> volumes() == 0);
  }

  private int volumes() {
    return cluster.await(cluster.mds.volumes().list()).size();
  }
}
