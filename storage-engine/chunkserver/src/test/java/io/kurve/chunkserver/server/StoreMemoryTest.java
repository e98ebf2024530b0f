package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.store.ChunkStore;
import io.kurve.chunkserver.store.FormatRequest;
import io.kurve.chunkserver.store.StoreIdentity;
import io.kurve.core.disk.FileDisk;
import io.kurve.core.disk.Preallocation;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import io.kurve.core.unit.ByteSize;
import io.kurve.testkit.failure.HaltingFaultHandler;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreMemoryTest {
  private static final ClusterId CLUSTER = new ClusterId(new UUID(5, 5));

  @Test
  void rule15WhatWasOrderedBeforeThisStartIsKnown(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("disk");
    new Preallocation().createFile(file, ByteSize.parse("256MiB"));
    try (FileDisk disk = FileDisk.open(file)) {
      StoreCreation.format(
          disk,
          FormatRequest.of(
              new StoreIdentity(
                  CLUSTER, new StoreId(new UUID(6, 6)), Instant.ofEpochMilli(1_000))));
    }
    try (FileDisk disk = FileDisk.open(file);
        ChunkStore store = ChunkStore.open(disk, CLUSTER, new HaltingFaultHandler())) {
      StoreMemory memory = new StoreMemory(store);
      // Nothing tells yet whether it was sent to a process of before.
      assertThat(memory.accept(new Authority(new MdsTerm(9), 25, 30))).isTrue();
      assertThat(memory.isFromBefore(new Authority(new MdsTerm(9), 25, 30))).isTrue();
      assertThat(memory.answered(new Authority(new MdsTerm(8), 20, 30))).isFalse();
      assertThat(memory.answered(new Authority(new MdsTerm(9), 20, 30))).isTrue();
      assertThat(memory.answered(new Authority(new MdsTerm(9), 24, 30))).isTrue();
      assertThat(memory.isFromBefore(new Authority(new MdsTerm(9), 19, 30))).isTrue();
      assertThat(memory.isFromBefore(new Authority(new MdsTerm(9), 20, 30))).isFalse();
    }
  }

  @Test
  void rule24AHigherMdsTermOutlivesAKill(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("disk");
    new Preallocation().createFile(file, ByteSize.parse("256MiB"));
    try (FileDisk disk = FileDisk.open(file)) {
      StoreCreation.format(
          disk,
          FormatRequest.of(
              new StoreIdentity(
                  CLUSTER, new StoreId(new UUID(6, 6)), Instant.ofEpochMilli(1_000))));
    }
    try (FileDisk disk = FileDisk.open(file)) {
      StoreMemory memory =
          new StoreMemory(ChunkStore.open(disk, CLUSTER, new HaltingFaultHandler()));
      memory.bind(new ChunkserverId(4));
      assertThat(memory.accept(new Authority(new MdsTerm(9), 20, 30))).isTrue();
      memory.sawAttachment(new AttachmentId(77));
    }
    try (FileDisk disk = FileDisk.open(file)) {
      StoreMemory memory =
          new StoreMemory(ChunkStore.open(disk, CLUSTER, new HaltingFaultHandler()));
      assertThat(memory.chunkserver()).contains(new ChunkserverId(4));
      assertThat(memory.accept(new Authority(new MdsTerm(8), 99, 99))).isFalse();
      assertThat(memory.seen().term()).isEqualTo(new MdsTerm(9));
      assertThat(memory.seen().metastoreRevision()).isEqualTo(20);
      memory.sawAttachment(new AttachmentId(77));
      memory.save();
    }
    try (FileDisk disk = FileDisk.open(file);
        ChunkStore store = ChunkStore.open(disk, CLUSTER, new HaltingFaultHandler())) {
      assertThat(new StoreMemory(store).seen().highestAttachment()).isEqualTo(new AttachmentId(77));
    }
  }
}
