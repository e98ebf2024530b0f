package io.kurve.chunkserver.server;

import io.kurve.chunkserver.service.SeenNumbers;
import io.kurve.chunkserver.store.ChunkStore;
import io.kurve.chunkserver.store.ClusterMemory;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.metadata.ChunkserverCommands.Authority;
import io.kurve.core.metadata.ChunkserverReport.Seen;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The highest numbers seen, in the store's superblock. A higher MDS term is durable before anything
 * is done for it; the other numbers follow with the next {@link #save}.
 */
public final class StoreMemory implements SeenNumbers {
  private final ChunkStore store;

  /** Guards the fields below it. */
  private final ReentrantLock lock = new ReentrantLock();

  private ClusterMemory known;

  /** Of the first answer to this start's heartbeats; each registration is a later revision. */
  private OptionalLong firstAnswer = OptionalLong.empty();

  public StoreMemory(ChunkStore store) {
    this.store = store;
    this.known = store.memory();
  }

  public Optional<ChunkserverId> chunkserver() {
    return store.memory().chunkserver();
  }

  /** Durable on return. */
  public void bind(ChunkserverId id) {
    lock.lock();
    try {
      known = known.withChunkserver(id);
      store.remember(known);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean accept(Authority authority) {
    lock.lock();
    try {
      long term = authority.term().value();
      if (term < known.mdsTerm()) {
        return false;
      }
      boolean newTerm = term > known.mdsTerm();
      known =
          new ClusterMemory(
              known.chunkserverId(),
              term,
              Math.max(known.metastoreRevision(), authority.metastoreRevision()),
              Math.max(known.highestId(), authority.highestId()),
              known.highestAttachmentId());
      if (newTerm) {
        store.remember(known);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #accept}, of an answer to a heartbeat of this start. */
  public boolean answered(Authority authority) {
    lock.lock();
    try {
      boolean accepted = accept(authority);
      if (accepted && firstAnswer.isEmpty()) {
        firstAnswer = OptionalLong.of(authority.metastoreRevision());
      }
      return accepted;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean isFromBefore(Authority authority) {
    lock.lock();
    try {
      return firstAnswer.isEmpty() || authority.metastoreRevision() < firstAnswer.getAsLong();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void sawAttachment(AttachmentId attachment) {
    lock.lock();
    try {
      known =
          new ClusterMemory(
              known.chunkserverId(),
              known.mdsTerm(),
              known.metastoreRevision(),
              known.highestId(),
              Math.max(known.highestAttachmentId(), attachment.value()));
    } finally {
      lock.unlock();
    }
  }

  /** Makes all of it durable. */
  public void save() {
    lock.lock();
    try {
      store.remember(known);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Seen seen() {
    lock.lock();
    try {
      return new Seen(
          new MdsTerm(known.mdsTerm()),
          known.metastoreRevision(),
          known.highestId(),
          new AttachmentId(Math.max(1, known.highestAttachmentId())));
    } finally {
      lock.unlock();
    }
  }
}
