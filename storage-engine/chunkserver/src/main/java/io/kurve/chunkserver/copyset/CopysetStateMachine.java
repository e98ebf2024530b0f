package io.kurve.chunkserver.copyset;

import io.kurve.chunkserver.copyset.Command.Barrier;
import io.kurve.chunkserver.copyset.Command.BlockChange;
import io.kurve.chunkserver.copyset.Command.Discard;
import io.kurve.chunkserver.copyset.Command.MdsCommand;
import io.kurve.chunkserver.copyset.Command.PurgeVolume;
import io.kurve.chunkserver.copyset.Command.SetGrant;
import io.kurve.chunkserver.copyset.Command.Write;
import io.kurve.chunkserver.copyset.Command.WriteZeroes;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.chunkserver.store.SlotStore.NoFreeSlot;
import io.kurve.chunkserver.store.SlotStore.Slot;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedStateMachine;
import io.kurve.core.unit.Geometry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One replica of a copyset: control state in memory, blocks in the chunk store.
 *
 * <pre>
 *   log ──apply──> verdict (control state only) ──> blocks in place ──> request id recorded
 *                     │ refused: nothing changes but the mark of answered requests
 *
 *   checkpoint at S:  capture at S: control state, exactly          data may be newer than S:
 *                     persist: blocks synced, then the image        replay of S+1.. gets the same
 *                     then the slots dropped before S are freed     verdicts and writes the same
 * </pre>
 *
 * <p>A slot that a discard or a purge drops stays as it is until a durable checkpoint no longer
 * names it; only then the store gets it back, so that a replay from the checkpoint before finds it.
 *
 * <p>Locks, always taken in this order: {@code applying} (one entry, or the switches of an
 * install), {@code checkpointing} (what is on disk), a chunk's guard (its blocks), {@code
 * controlLock} (maps and lists; never held over disk access).
 */
public final class CopysetStateMachine implements ReplicatedStateMachine<CommandReply> {
  private final CopysetKey copyset;
  private final SlotStore store;
  private final ControlWriter writer;
  private final FaultHandler faults;
  private final BooleanSupplier confirmed;
  private final Installer installer;

  private final ReentrantLock applying = new ReentrantLock();
  private final ReentrantLock checkpointing = new ReentrantLock();
  private final ChunkGuards guards;
  private final ReentrantLock controlLock = new ReentrantLock();

  /** Guarded by controlLock, as the lists below it. */
  private ControlState control = new ControlState();

  private ChunkList chunks = new ChunkList();
  private Set<Slot> dropped = new LinkedHashSet<>();
  private CopysetControl persisted;

  private volatile LogPosition position;

  /** As of position; nobody before the group's first entry. */
  private volatile Membership membership;

  private volatile boolean installing;

  /** Why no entry is applied any more: there was no room for the one after position. */
  private volatile @Nullable KurveException noRoom;

  /** Guarded by checkpointing: it is about to be removed, and persists nothing any more. */
  private boolean retired;

  private volatile boolean installRuns;

  private volatile long leadingTerm;

  /**
   * @param confirmed whether the MDS has confirmed this store; until then it does not vote
   */
  public CopysetStateMachine(
      CopysetKey copyset,
      SlotStore store,
      ControlWriter writer,
      FaultHandler faults,
      BooleanSupplier confirmed,
      ReplicaPeer peers,
      CatchUp catchUp) {
    this.copyset = copyset;
    this.store = store;
    this.writer = writer;
    this.faults = faults;
    this.confirmed = confirmed;
    this.guards = new ChunkGuards();
    this.installer = new Installer(copyset, store, guards, peers, catchUp);
    CopysetControl found = store.controls().get(copyset);
    this.persisted = found != null ? found : ControlImages.none(copyset);
    this.position = persisted.at();
    this.membership = persisted.membership();
    this.installing = persisted.installing();
    if (!installing) {
      this.control = ControlImages.checkedControl(persisted);
    }
    this.chunks = ChunkList.of(persisted.slots());
  }

  @Override
  public Checkpoint restored() {
    return lock(controlLock, () -> new Checkpoint(persisted.at(), persisted.membership()));
  }

  @Override
  public CommandReply apply(LogPosition at, ByteBuffer bytes) {
    applying.lock();
    try {
      if (installing || at.index() <= position.index()) {
        return new CommandReply.NotServing();
      }
      skipNothing();
      installer.caughtUp();
      CommandReply reply =
          switch (decode(at, bytes)) {
            case BlockChange change -> applyBlockChange(at, change);
            case MdsCommand command -> applyMdsCommand(command);
            case Barrier _ -> new CommandReply.Done();
          };
      position = at;
      return reply;
    } finally {
      applying.unlock();
    }
  }

  private Command decode(LogPosition at, ByteBuffer bytes) {
    try {
      return CommandCodec.decode(bytes);
    } catch (CommandCodec.BadCommand e) {
      throw faults.halt(copyset + ": the committed entry " + at.index() + " is no command", e);
    }
  }

  private CommandReply applyBlockChange(LogPosition at, BlockChange change) {
    Optional<CommandReply> verdict =
        lock(
            controlLock,
            () -> {
              Optional<CommandReply> objection =
                  control.verdict(change).or(() -> chunks.objection(change.address()));
              control.heard(change);
              return objection;
            });
    if (verdict.isPresent()) {
      return verdict.get();
    }
    switch (change) {
      case Write write -> {
        int damaged = firstDamaged(write);
        if (damaged >= 0) {
          return new CommandReply.DamagedPayload(damaged);
        }
        write(at, write);
      }
      case WriteZeroes zeroes -> erase(zeroes, false);
      case Discard discard -> erase(discard, true);
    }
    lock(controlLock, () -> control.applied(change));
    return new CommandReply.Done();
  }

  private static int firstDamaged(Write write) {
    int[] actual = BlockChecksum.ofBlocks(write.blocks());
    for (int i = 0; i < actual.length; i++) {
      if (actual[i] != write.checksums()[i]) {
        return i;
      }
    }
    return -1;
  }

  private void write(LogPosition at, Write write) {
    Slot slot = lock(controlLock, () -> chunks.slot(write.address().chunk()));
    if (slot == null) {
      Slot fresh = allocate(at, write.address());
      lock(controlLock, () -> chunks.add(fresh));
      slot = fresh;
    }
    Slot target = slot;
    lock(
        guards.changing(write.address().chunk()),
        () ->
            store.write(target, write.firstBlock(), write.blocks().duplicate(), write.checksums()));
  }

  private Slot allocate(LogPosition at, ChunkAddress address) {
    try {
      try {
        return store.allocate(address, copyset);
      } catch (NoFreeSlot own) {
        releaseDropped();
      }
      try {
        return store.allocate(address, copyset);
      } catch (NoFreeSlot others) {
        return writer.relieve(copyset, () -> store.allocate(address, copyset));
      }
    } catch (NoFreeSlot | IOException e) {
      KurveException why =
          new KurveException(
              ErrorCode.NO_SPACE,
              copyset + ": no free slot for the committed entry " + at.index() + " of " + address,
              "delete volumes, and restart the chunkserver",
              e);
      noRoom = why;
      throw why;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(copyset + " was interrupted while it waited for a slot", e);
    }
  }

  /**
   * The leader may have given its dropped slots back already, while here they wait for the next
   * checkpoint, and the replay after a restart would come to the same point. So the checkpoint is
   * taken now, as of the entry before this one.
   */
  private void releaseDropped() throws IOException {
    boolean hopeless = lock(controlLock, () -> dropped.isEmpty() || membership.voters().isEmpty());
    if (!hopeless) {
      capture(membership).persist();
    }
  }

  /**
   * Why this replica needs to be moved, or room: from then on it applies nothing, so that it says
   * of nothing that it has it, and skips no entry. After a restart it tries again.
   */
  public Optional<String> needsMove() {
    return Optional.ofNullable(noRoom).map(KurveException::text);
  }

  private void skipNothing() {
    KurveException why = noRoom;
    if (why != null) {
      throw why;
    }
  }

  /** Whether slots wait for the next checkpoint to become free. */
  public boolean hasDroppedSlots() {
    return lock(controlLock, () -> !dropped.isEmpty());
  }

  private void erase(BlockChange change, boolean giveBack) {
    ChunkAddress address = change.address();
    boolean whole = change.blockCount() == Geometry.BLOCKS_PER_CHUNK;
    lock(
        guards.changing(address.chunk()),
        () -> {
          Slot slot = lock(controlLock, () -> chunks.slot(address.chunk()));
          if (slot == null) {
            return;
          }
          if (whole && giveBack) {
            lock(controlLock, () -> drop(slot));
          } else {
            store.erase(slot, change.firstBlock(), change.blockCount());
          }
        });
  }

  private void drop(Slot slot) {
    chunks.remove(slot);
    dropped.add(slot);
  }

  private CommandReply applyMdsCommand(MdsCommand command) {
    Optional<CommandReply> objection = lock(controlLock, () -> control.verdict(command));
    if (objection.isPresent()) {
      return objection.get();
    }
    switch (command) {
      case SetGrant grant -> lock(controlLock, () -> control.applied(grant));
      case PurgeVolume purge -> {
        for (Slot slot : lock(controlLock, () -> chunks.ofVolume(purge.volume()))) {
          lock(guards.changing(slot.address().chunk()), () -> lock(controlLock, () -> drop(slot)));
        }
        lock(controlLock, () -> control.applied(purge));
      }
    }
    return new CommandReply.Done();
  }

  @Override
  public void advance(LogPosition at, Membership members) {
    applying.lock();
    try {
      if (!installing && at.index() > position.index()) {
        skipNothing();
        position = at;
        membership = members;
      }
    } finally {
      applying.unlock();
    }
  }

  @Override
  public void leading(long term) {
    leadingTerm = term;
  }

  @Override
  public void notLeading() {
    leadingTerm = 0;
  }

  /** The term to propose in; empty while this replica does not lead. */
  public OptionalLong leadingTerm() {
    long term = leadingTerm;
    return term > 0 ? OptionalLong.of(term) : OptionalLong.empty();
  }

  @Override
  public CheckpointImage capture(Membership members) {
    applying.lock();
    controlLock.lock();
    try {
      if (installing) {
        return ControlImages.refused(persisted);
      }
      CopysetControl image = ControlImages.of(copyset, position, members, chunks, control);
      List<Slot> releasedBefore = List.copyOf(dropped);
      return ControlImages.persistedBy(image, () -> persist(image, releasedBefore));
    } finally {
      controlLock.unlock();
      applying.unlock();
    }
  }

  private void persist(CopysetControl image, List<Slot> released) throws IOException {
    List<Slot> unnamed;
    checkpointing.lock();
    try {
      if (installing || retired) {
        throw new IOException(copyset + " is installed or removed: no checkpoint may undo that");
      }
      if (image.at().index() < persistedControl().at().index()) {
        return;
      }
      writer.persist(image);
      unnamed =
          lock(
              controlLock,
              () -> {
                persisted = image;
                return released.stream().filter(dropped::remove).toList();
              });
    } finally {
      checkpointing.unlock();
    }
    unnamed.forEach(store::free);
  }

  @Override
  public Checkpoint install(ReplicaId source, Checkpoint wanted)
      throws IOException, InterruptedException {
    installRuns = true;
    try {
      return installFrom(source, wanted);
    } finally {
      installRuns = false;
    }
  }

  private Checkpoint installFrom(ReplicaId source, Checkpoint wanted)
      throws IOException, InterruptedException {
    List<Slot> own = beginInstall();
    // One that has been there and had no chunk yet lacks only what came since.
    boolean isNew = own.isEmpty() && position.index() == 0;
    CatchUp.Kind kind = isNew ? CatchUp.Kind.FULL : CatchUp.Kind.DELTA;
    Installer.Result result = installer.run(source, wanted.at(), own, kind, this::persistMark);
    CopysetControl whole = result.control();
    applying.lock();
    checkpointing.lock();
    try {
      requireNotRetired();
      writer.persist(whole);
      lock(
          controlLock,
          () -> {
            persisted = whole;
            control = ControlImages.checkedControl(whole);
            chunks = ChunkList.of(whole.slots());
          });
      position = whole.at();
      membership = whole.membership();
      installing = false;
    } finally {
      checkpointing.unlock();
      applying.unlock();
    }
    result.dropped().forEach(store::free);
    return new Checkpoint(whole.at(), whole.membership());
  }

  /** From here on nothing is applied, read or persisted but the mark; gives the slots in use. */
  private List<Slot> beginInstall() throws IOException {
    List<Slot> own;
    List<Slot> gone;
    applying.lock();
    controlLock.lock();
    try {
      installing = true;
      own = chunks.slots();
      gone = List.copyOf(dropped);
      dropped = new LinkedHashSet<>();
    } finally {
      controlLock.unlock();
      applying.unlock();
    }
    boolean marked = false;
    try {
      persistMark(own);
      marked = true;
    } finally {
      if (!marked) {
        lock(controlLock, () -> dropped.addAll(gone));
      }
    }
    gone.forEach(store::free);
    return own;
  }

  private void persistMark(List<Slot> slots) throws IOException {
    checkpointing.lock();
    try {
      requireNotRetired();
      CopysetControl before = persistedControl();
      CopysetControl mark =
          new CopysetControl(
              copyset, before.at(), before.membership(), true, slots, before.state());
      writer.persist(mark);
      lock(
          controlLock,
          () -> {
            persisted = mark;
            chunks = ChunkList.of(slots);
          });
    } finally {
      checkpointing.unlock();
    }
  }

  /**
   * From now on nothing of it gets to the disk any more: it is to be removed.
   *
   * @return false while an install is still to end, which it does soon; then to be called again
   */
  public boolean retire() {
    installer.stop();
    lock(checkpointing, () -> retired = true);
    return !installRuns;
  }

  private void requireNotRetired() throws IOException {
    if (retired) {
      throw new IOException(copyset + " is removed from here");
    }
  }

  /** All that it takes, also those that wait for the next checkpoint to become free. */
  public Set<Slot> slots() {
    return lock(
        controlLock,
        () -> {
          Set<Slot> all = new LinkedHashSet<>(chunks.slots());
          all.addAll(dropped);
          return all;
        });
  }

  @Override
  public boolean mayVote() {
    return !installing && confirmed.getAsBoolean();
  }

  public boolean isInstalling() {
    return installing;
  }

  public CopysetKey copyset() {
    return copyset;
  }

  public LogPosition applied() {
    return position;
  }

  /** What applying the change now would say; empty when it would take effect. */
  public Optional<CommandReply> verdict(BlockChange change) {
    return lock(
        controlLock, () -> control.verdict(change).or(() -> chunks.objection(change.address())));
  }

  public Optional<CommandReply> verdict(MdsCommand command) {
    return lock(controlLock, () -> control.verdict(command));
  }

  /** The refusal that a read of this attachment gets; empty when it is granted. */
  public Optional<CommandReply> readVerdict(ChunkAddress address, AttachmentId attachment) {
    return lock(
        controlLock,
        () ->
            control.admits(address.volume(), attachment)
                ? chunks.objection(address)
                : Optional.of(control.fenced(address.volume(), attachment)));
  }

  /** Whether a write to the chunk needs a new slot. */
  public boolean isAbsent(ChunkAddress address) {
    return lock(controlLock, () -> chunks.slot(address.chunk()) == null);
  }

  public List<ChunkId> chunksOf(VolumeId volume) {
    return lock(
        controlLock,
        () -> chunks.ofVolume(volume).stream().map(slot -> slot.address().chunk()).toList());
  }

  /** Blocks by chunk, for reads, repairs and other replicas. */
  public ChunkBlocks blocks() {
    return new ChunkBlocks(this, store, guards);
  }

  /** Null when there is no such chunk; to be asked under the chunk's guard. */
  @Nullable Slot slot(ChunkId chunk) {
    return lock(controlLock, () -> chunks.slot(chunk));
  }

  CopysetControl persistedControl() {
    return lock(controlLock, () -> persisted);
  }

  /** Held by who must see no entry applied meanwhile. */
  Lock applyLock() {
    return applying;
  }

  /** Equal on all replicas that have applied the same entries and are not installing. */
  public Digest128 digest() {
    applying.lock();
    try {
      CopysetControl image =
          lock(
              controlLock,
              () ->
                  ControlImages.of(
                      copyset, position, Membership.ofVoters(List.of()), chunks, control));
      MessageDigest hash = Digest128.newHash();
      hash.update(image.state().toArray());
      for (Slot slot : image.slots()) {
        Digest128 table =
            BlockTables.of(store, slot).map(BlockTables::digest).orElse(new Digest128(-1, -1));
        hash.update(ByteBuffer.allocate(16).putLong(table.high()).putLong(table.low()).flip());
      }
      return Digest128.from(hash);
    } finally {
      applying.unlock();
    }
  }

  private static <T extends @Nullable Object> T lock(Lock lock, Supplier<T> body) {
    lock.lock();
    try {
      return body.get();
    } finally {
      lock.unlock();
    }
  }

  private static void lock(Lock lock, Runnable body) {
    lock.lock();
    try {
      body.run();
    } finally {
      lock.unlock();
    }
  }

  /** Makes data up to now and then a control state durable; blocks. */
  @FunctionalInterface
  public interface ControlWriter {
    void persist(CopysetControl control) throws IOException;

    /**
     * The other copysets of the disk give back the slots that they have dropped, until there is one
     * for this copyset; blocks for some seconds at most.
     */
    default Slot relieve(CopysetKey needy, SlotSource source)
        throws NoFreeSlot, InterruptedException {
      return source.take();
    }
  }

  /** Where a slot may come from. */
  @FunctionalInterface
  public interface SlotSource {
    Slot take() throws NoFreeSlot;
  }
}
