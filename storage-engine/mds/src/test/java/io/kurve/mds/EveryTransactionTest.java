package io.kurve.mds;

import static io.kurve.mds.TestCluster.GIB;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.MetadataService.Opened;
import io.kurve.core.metadata.SegmentMapping;
import io.kurve.core.metadata.TakeOver;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumeAdmin.NewVolume;
import io.kurve.core.metastore.Entry;
import io.kurve.testkit.metastore.InMemoryMetaStore.CommitFault;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One life of a cluster, from its first disk to the purge of a deleted volume, told again for each
 * of its transactions: that one's outcome is unknown, or the MDS is killed with it. Clients ask
 * again under the same ids; the end must be the same.
 */
class EveryTransactionTest {
  private static final Set<ErrorCode> ASK_AGAIN =
      EnumSet.of(
          ErrorCode.UNAVAILABLE,
          ErrorCode.NOT_LEADER,
          ErrorCode.UNKNOWN_OUTCOME,
          ErrorCode.DEADLINE_EXCEEDED);

  private TestCluster cluster = new TestCluster();
  private boolean killed;

  @ParameterizedTest
  @EnumSource(CommitFault.class)
  void rule25AnUnknownOutcomeOfAnyTransactionChangesNothingInTheEnd(CommitFault fault) {
    int total = transactionsOfOneLife();
    for (int nth = 1; nth <= total; nth++) {
      cluster = new TestCluster();
      failAt(nth, fault, false);
      live();
    }
  }

  @Test
  void rule24And25AnMdsKilledAtAnyTransactionIsCarriedOnByTheNext() {
    int total = transactionsOfOneLife();
    for (CommitFault fault :
        List.of(CommitFault.UNKNOWN_APPLIED, CommitFault.UNKNOWN_NOT_APPLIED)) {
      for (int nth = 1; nth <= total; nth++) {
        cluster = new TestCluster();
        failAt(nth, fault, true);
        live();
      }
    }
  }

  private int transactionsOfOneLife() {
    cluster = new TestCluster();
    int[] count = new int[1];
    cluster.afterBirth =
        () ->
            cluster.store.failNext(
                CommitFault.UNKNOWN_APPLIED,
                transaction -> {
                  count[0]++;
                  return false;
                });
    live();
    assertThat(count[0]).isGreaterThan(15);
    return count[0];
  }

  private void failAt(int nth, CommitFault fault, boolean kill) {
    int[] count = new int[1];
    killed = false;
    cluster.afterBirth =
        () ->
            cluster.store.failNext(
                fault,
                transaction -> {
                  boolean now = ++count[0] == nth;
                  if (now && kill) {
                    killed = true;
                    cluster.cutMdsOff();
                  }
                  return now;
                });
  }

  private void live() {
    cluster.bootstrap(3, 4);
    cluster.afterBirth.run();
    cluster.mds.start();
    for (int i = 1; i <= 3; i++) {
      cluster.addDisk(i, "server-" + i);
    }
    Volume volume =
        persist(() -> cluster.mds.volumes().create("c1", new NewVolume("v", GIB, 4096, false)));
    Opened first = persist(() -> open("o1", "host-1"));
    SegmentMapping mapping =
        persist(() -> cluster.mds.metadata().segment(volume.id(), first.attachment(), 0, true));
    SegmentMapping again =
        persist(() -> cluster.mds.metadata().segment(volume.id(), first.attachment(), 0, true));
    assertThat(again.segment()).isEqualTo(mapping.segment());
    assertThat(persist(() -> cluster.mds.volumes().resize("v", 2 * GIB)).sizeBytes())
        .isEqualTo(2 * GIB);
    persist(() -> cluster.mds.volumes().fence(first.attachment()));
    everywhere(volume.id(), first, false);
    Opened second = persist(() -> open("o2", "host-2"));
    assertThat(second.attachment().value()).isGreaterThan(first.attachment().value());
    persist(() -> cluster.mds.metadata().segment(volume.id(), second.attachment(), 0, true));
    everywhere(volume.id(), second, true);
    TakeOver takeOver = TakeOver.from(List.of(second.attachment()));
    Opened third =
        persist(
            () -> cluster.mds.metadata().open("v", "host-3", "o3", AccessMode.EXCLUSIVE, takeOver));
    everywhere(volume.id(), second, false);
    persist(() -> cluster.mds.metadata().segment(volume.id(), third.attachment(), 1, true));
    everywhere(volume.id(), third, true);
    persist(() -> cluster.mds.metadata().close("host-3", third.attachment()));
    Optional<Duration> minute = Optional.of(Duration.ofMinutes(1));
    persist(() -> cluster.mds.volumes().delete(volume.id(), minute));
    assertThat(persist(() -> cluster.mds.volumes().undelete(volume.id(), "v")).mappedBytes())
        .isEqualTo(2 * GIB);
    persist(() -> cluster.mds.volumes().delete(volume.id(), Optional.of(Duration.ofSeconds(2))));
    Volume namesake =
        persist(() -> cluster.mds.volumes().create("c2", new NewVolume("v", GIB, 4096, false)));
    assertThat(namesake.id().value()).isGreaterThan(volume.id().value() + 64);
    settle(volume.id());
    assertThat(persist(() -> cluster.mds.volumes().list()))
        .extracting(use -> use.volume().id())
        .containsExactly(namesake.id());
    cluster
        .chunkservers
        .copysets
        .values()
        .forEach(copyset -> assertThat(copyset.purged).containsKey(volume.id()));
    assertThat(leftovers(volume.id())).isEmpty();
    assertThat(new TreeSet<>(cluster.disks.values().stream().map(d -> d.id.orElseThrow()).toList()))
        .hasSize(3);
    assertThat(cluster.chunkservers.copysets).hasSize(4);
    assertThat(cluster.disks.values()).allMatch(disk -> disk.unconfirmed.isEmpty());
  }

  private CompletionStage<Opened> open(String request, String host) {
    return cluster.mds.metadata().open("v", host, request, AccessMode.EXCLUSIVE);
  }

  private void everywhere(VolumeId volume, Opened opened, boolean admitted) {
    cluster
        .chunkservers
        .copysets
        .values()
        .forEach(
            copyset -> assertThat(copyset.admits(volume, opened.attachment())).isEqualTo(admitted));
  }

  private void settle(VolumeId deleted) {
    for (int i = 0; i < 600 && !leftovers(deleted).isEmpty(); i++) {
      cluster.run(Duration.ofMillis(100));
      reviveIfKilled();
    }
  }

  private List<String> leftovers(VolumeId deleted) {
    String hex = String.format(java.util.Locale.ROOT, "%016x", deleted.value());
    return cluster.store.contents().stream()
        .map(Entry::key)
        .filter(key ->
            key.contains("volume/" + hex)
                || key.contains("attachments/" + hex)
                || key.contains("segment/" + hex))
        .toList();
  }

  private <T> T persist(Supplier<CompletionStage<T>> ask) {
    for (int i = 0; i < 200; i++) {
      reviveIfKilled();
      CompletableFuture<T> answer = ask.get().toCompletableFuture();
      for (int j = 0; j < 400 && !answer.isDone(); j++) {
        cluster.run(Duration.ofMillis(50));
        reviveIfKilled();
      }
      assertThat(answer.isDone()).as("answered in 20 s").isTrue();
      if (!answer.isCompletedExceptionally()) {
        return answer.join();
      }
      KurveException refusal = (KurveException) answer.exceptionNow();
      assertThat(ASK_AGAIN).as(refusal.text()).contains(refusal.code());
      cluster.run(Duration.ofMillis(100));
    }
    throw new AssertionError("no answer after 200 attempts");
  }

  private void reviveIfKilled() {
    if (killed) {
      killed = false;
      cluster.run(Duration.ofSeconds(4));
      cluster.restartMds();
    }
  }
}
