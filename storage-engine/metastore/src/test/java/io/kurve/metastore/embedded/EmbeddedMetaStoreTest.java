package io.kurve.metastore.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.Outcome;
import io.kurve.core.metastore.Transaction;
import io.kurve.core.metastore.Transaction.Delete;
import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.metastore.Transaction.Put;
import io.kurve.core.metastore.Transaction.Write;
import io.kurve.metastore.embedded.EmbeddedMetaStore.Limits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class EmbeddedMetaStoreTest {
  @TempDir Path directory = Path.of("");
  private final AtomicLong nanos = new AtomicLong();

  private final VolatileChannels channels = new VolatileChannels();
  private final CompletableFuture<Throwable> halted = new CompletableFuture<>();

  private EmbeddedMetaStore open(long snapshotBytes) throws IOException {
    return EmbeddedMetaStore.open(
        directory,
        channels,
        new Limits(100, snapshotBytes, 1024),
        nanos::get,
        (what, cause) -> {
          halted.complete(cause);
          return new AssertionError(what, cause);
        });
  }

  @ParameterizedTest
  @ValueSource(longs = {10, 500, 1 << 20})
  void rule02WhatWasAnsweredOutlivesAPowerCut(long snapshotBytes) throws Exception {
    Map<String, String> model = new TreeMap<>();
    for (int start = 0; start < 5; start++) {
      try (EmbeddedMetaStore store = open(snapshotBytes)) {
        assertThat(contents(store)).isEqualTo(model);
        for (int i = 0; i < 5; i++) {
          String key = "k" + start + i;
          commit(store, new Put(key, Bytes.ofText(key)));
          model.put(key, key);
        }
      }
      channels.losePower(directory);
    }
  }

  @Test
  void rule02NoAnswerAfterAFailedForce() throws Exception {
    EmbeddedMetaStore store = open(1 << 20);
    commit(store, new Put("a", Bytes.ofText("1")));
    channels.failForce(1);
    CompletionStage<Outcome> failed = put(store, "b");
    assertThat(halted.get(10, TimeUnit.SECONDS)).hasMessageContaining("input/output error");
    // The disk says OK again, and nobody is told so.
    CompletionStage<Outcome> later = put(store, "c");
    store.close();
    assertThat(failed.toCompletableFuture()).isNotDone();
    assertThat(later.toCompletableFuture()).isNotDone();
  }

  private static CompletionStage<Outcome> put(EmbeddedMetaStore store, String key) {
    return store.commit(new Transaction(List.of(), List.of(new Put(key, Bytes.ofText("2")))));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 3, 9})
  void everythingAcknowledgedIsThereAfterEachRestart(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    Map<String, String> model = new TreeMap<>();
    for (int start = 0; start < 10; start++) {
      try (EmbeddedMetaStore store = open(2000)) {
        assertThat(contents(store)).isEqualTo(model);
        for (int i = 0; i < 40; i++) {
          String key = "k" + random.nextInt(20);
          String value = "v" + random.nextLong();
          Write write =
              random.nextInt(4) == 0 ? new Delete(key) : new Put(key, Bytes.ofText(value));
          commit(store, write);
          if (write instanceof Put) {
            model.put(key, value);
          } else {
            model.remove(key);
          }
        }
      }
    }
  }

  @Test
  void revisionsGoOnAfterARestart() throws Exception {
    long before;
    try (EmbeddedMetaStore store = open(1 << 20)) {
      before = commit(store, new Put("a", Bytes.ofText("1")));
    }
    try (EmbeddedMetaStore store = open(1 << 20)) {
      assertThat(commit(store, new Put("a", Bytes.ofText("2")))).isEqualTo(before + 1);
      assertThat(await(store.get("a"))).map(Entry::createRevision).contains(before);
    }
  }

  @Test
  void leasesHaveTheirFullTimeAgainAfterARestartAndIdsGoOn() throws Exception {
    LeaseId lease;
    try (EmbeddedMetaStore store = open(1 << 20)) {
      lease = await(store.grantLease(Duration.ofSeconds(10)));
      commit(store, new Put("mortal", Bytes.ofText("1"), Optional.of(lease)));
      nanos.addAndGet(TimeUnit.SECONDS.toNanos(9));
    }
    try (EmbeddedMetaStore store = open(1 << 20)) {
      nanos.addAndGet(TimeUnit.SECONDS.toNanos(9));
      assertThat(await(store.get("mortal"))).isPresent();
      assertThat(await(store.grantLease(Duration.ofSeconds(1)))).isNotEqualTo(lease);
      nanos.addAndGet(TimeUnit.SECONDS.toNanos(2));
      assertThat(await(store.get("mortal"))).isEmpty();
    }
  }

  @Test
  void aTornTailIsCutOffAndNothingBeforeIt() throws Exception {
    try (EmbeddedMetaStore store = open(1 << 20)) {
      commit(store, new Put("a", Bytes.ofText("1")));
      commit(store, new Put("b", Bytes.ofText("2")));
    }
    Path log = directory.resolve("log.1");
    long whole = Files.size(log);
    try (EmbeddedMetaStore store = open(1 << 20)) {
      commit(store, new Put("c", Bytes.ofText("3")));
    }
    long more = Files.size(log);
    byte[] all = Files.readAllBytes(log);
    for (long end = whole; end < more; end++) {
      Files.write(log, Arrays.copyOf(all, (int) end));
      try (EmbeddedMetaStore store = open(1 << 20)) {
        assertThat(contents(store)).isEqualTo(Map.of("a", "1", "b", "2"));
      }
      assertThat(Files.size(log)).isEqualTo(whole);
    }
  }

  @Test
  void rule02WhatIsFoundAtTheStartIsWrittenAnewBeforeAnybodyIsToldOfIt() throws Exception {
    try (EmbeddedMetaStore store = open(1 << 20)) {
      commit(store, new Put("a", Bytes.ofText("1")));
    }
    Path log = directory.resolve("log.1");
    byte[] before = Files.readAllBytes(log);
    Files.setLastModifiedTime(log, FileTime.fromMillis(0));
    try (EmbeddedMetaStore store = open(1 << 20)) {
      assertThat(contents(store)).isEqualTo(Map.of("a", "1"));
      assertThat(Files.getLastModifiedTime(log).toMillis()).isPositive();
      assertThat(Files.readAllBytes(log)).isEqualTo(before);
    }
  }

  @Test
  void aFlippedBitBeforeTheEndIsDamageAndIsNeverCutOff() throws Exception {
    try (EmbeddedMetaStore store = open(1 << 20)) {
      commit(store, new Put("a", Bytes.ofText("1")));
      commit(store, new Put("b", Bytes.ofText("2")));
    }
    Path log = directory.resolve("log.1");
    byte[] before = Files.readAllBytes(log);
    flip(log, StoreFormat.FILE_HEADER_BYTES + StoreFormat.FRAME_HEADER_BYTES + 2);
    byte[] damaged = Files.readAllBytes(log);

    assertThatThrownBy(() -> open(1 << 20))
        .isInstanceOfSatisfying(
            KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_STORE));
    assertThat(Files.readAllBytes(log)).isEqualTo(damaged).isNotEqualTo(before);
  }

  @Test
  void aDamagedSnapshotIsRefused() throws Exception {
    try (EmbeddedMetaStore store = open(10)) {
      commit(store, new Put("a", Bytes.ofText("1")));
    }
    flip(directory.resolve("snapshot"), 40);
    assertThatThrownBy(() -> open(10)).hasMessageContaining("bad checksum");
  }

  @Test
  void aSnapshotHasNoGreatestSize() throws Exception {
    Map<String, String> model = new TreeMap<>();
    try (EmbeddedMetaStore store = open(10)) {
      for (String key : List.of("a", "b", "c", "d", "e", "f", "g", "h")) {
        String value = key.repeat(StoreFormat.ENTRIES_BYTES / 4);
        commit(store, new Put(key, Bytes.ofText(value)));
        model.put(key, value);
      }
    }
    try (EmbeddedMetaStore store = open(10)) {
      assertThat(contents(store)).isEqualTo(model);
    }
  }

  @Test
  void aSnapshotThatLostItsEndIsRefused() throws Exception {
    try (EmbeddedMetaStore store = open(10)) {
      commit(store, new Put("a", Bytes.ofText("1")));
    }
    Path snapshot = directory.resolve("snapshot");
    byte[] whole = Files.readAllBytes(snapshot);
    for (int length = 0; length < whole.length; length++) {
      Files.write(snapshot, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> open(10))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_STORE));
    }
    Files.write(snapshot, whole);
    open(10).close();
  }

  @Test
  void whatCouldNotBeReadAgainIsNeverWritten() {
    assertThatThrownBy(() -> StoreFormat.frame(new byte[StoreFormat.MAX_BODY_BYTES + 1], 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aStartThatDiedBeforeTheFirstLogHadItsHeaderIsRepeated() throws Exception {
    for (int length = 0; length < StoreFormat.FILE_HEADER_BYTES; length++) {
      Files.write(
          directory.resolve("log.1"),
          Arrays.copyOf(
              StoreFormat.fileHeader(StoreFormat.LOG_MAGIC, StoreFormat.LOG_VERSION).array(),
              length));
      try (EmbeddedMetaStore store = open(1 << 20)) {
        assertThat(contents(store)).isEmpty();
        commit(store, new Put("a", Bytes.ofText("1")));
      }
      try (EmbeddedMetaStore store = open(1 << 20)) {
        assertThat(contents(store)).isEqualTo(Map.of("a", "1"));
      }
    }
  }

  @Test
  void aLogThatLostItsHeaderBehindASnapshotIsDamage() throws Exception {
    try (EmbeddedMetaStore store = open(10)) {
      commit(store, new Put("a", Bytes.ofText("1")));
    }
    Files.write(directory.resolve("log.2"), new byte[3]);
    assertThatThrownBy(() -> open(10)).hasMessageContaining("log.2 is not a metadata store's file");
  }

  @Test
  void aNewerVersionIsRefusedByName() throws Exception {
    open(1 << 20).close();
    try (FileChannel file =
        FileChannel.open(directory.resolve("log.1"), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(4).putInt(2).flip(), 8);
    }
    assertThatThrownBy(() -> open(1 << 20))
        .hasMessageContaining("format version 2; this software knows version 1");
  }

  @Test
  void aLostLogIsDamageNotANewStore() throws Exception {
    try (EmbeddedMetaStore store = open(10)) {
      commit(store, new Put("a", Bytes.ofText("1")));
    }
    Files.delete(directory.resolve("log.2"));
    assertThatThrownBy(() -> open(10)).hasMessageContaining("log.2 is missing");
  }

  @Test
  void aSecondOwnerIsRefused() throws Exception {
    try (EmbeddedMetaStore _ = open(1 << 20)) {
      assertThatThrownBy(() -> open(1 << 20))
          .isInstanceOfSatisfying(
              KurveException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE));
    }
  }

  private static void flip(Path file, long offset) throws IOException {
    byte[] content = Files.readAllBytes(file);
    content[(int) offset] ^= 4;
    Files.write(file, content);
  }

  private static Map<String, String> contents(EmbeddedMetaStore store) {
    return await(store.scan("", "", 1000, 0)).entries().stream()
        .collect(Collectors.toMap(Entry::key, entry -> entry.value().toText()));
  }

  private static long commit(EmbeddedMetaStore store, Write write) {
    Outcome outcome = await(store.commit(new Transaction(List.of(), List.of(write))));
    assertThat(outcome).isInstanceOf(Outcome.Applied.class);
    return ((Outcome.Applied) outcome).revision();
  }

  private static <T> T await(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
  }
}
