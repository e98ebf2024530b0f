package io.kurve.testkit.log;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedStateMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * Keeps the list of all commands; the reply is how many there are. It notes each breach of what the
 * log promises to its state machine: gaps, repetitions, calls side by side, a checkpoint that
 * stands elsewhere.
 */
public final class ListStateMachine implements ReplicatedStateMachine<Integer> {
  private final Storage storage;
  private final Function<ReplicaId, Storage> peers;
  private final List<String> breaches = new CopyOnWriteArrayList<>();
  private final List<Long> terms = new CopyOnWriteArrayList<>();
  private final AtomicBoolean busy = new AtomicBoolean();

  private volatile LogPosition position;
  private volatile long leadingTerm;
  private List<String> commands;

  /**
   * @param storage what survives a restart
   * @param peers where the others keep theirs, to install from
   */
  public ListStateMachine(Storage storage, Function<ReplicaId, Storage> peers) {
    this.storage = storage;
    this.peers = peers;
    Image image = storage.image;
    this.position = image.checkpoint.at();
    this.commands = new ArrayList<>(image.commands);
  }

  /** A replica's disk, as far as the state machine uses it. */
  public static final class Storage {
    private volatile Image image =
        new Image(
            new Checkpoint(LogPosition.BEFORE_ALL, new Membership(List.of(), List.of())),
            List.of());
    private volatile boolean mayVote = true;
    private volatile boolean failsInstalls;
    private volatile int installs;
    private volatile boolean full;
    private volatile CountDownLatch installsHang = new CountDownLatch(0);

    public Checkpoint checkpoint() {
      return image.checkpoint;
    }

    public void mayVote(boolean allowed) {
      mayVote = allowed;
    }

    public void failsInstalls(boolean fails) {
      failsInstalls = fails;
    }

    /** Installs fetch what there is, and end only when the latch is counted down. */
    public CountDownLatch stallInstalls() {
      CountDownLatch latch = new CountDownLatch(1);
      installsHang = latch;
      return latch;
    }

    /** From now on nothing can be applied: there is no room. */
    public void full() {
      full = true;
    }

    public int installs() {
      return installs;
    }
  }

  private record Image(Checkpoint checkpoint, List<String> commands) {}

  public static ByteBuffer command(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public Checkpoint restored() {
    return storage.image.checkpoint;
  }

  @Override
  public Integer apply(LogPosition at, ByteBuffer command) {
    enter("apply " + at);
    try {
      if (storage.full) {
        throw new KurveException(ErrorCode.NO_SPACE, "no room for entry " + at, "make room");
      }
      step(at);
      byte[] bytes = new byte[command.remaining()];
      command.get(bytes);
      synchronized (this) {
        commands.add(new String(bytes, StandardCharsets.UTF_8));
        return commands.size();
      }
    } finally {
      busy.set(false);
    }
  }

  @Override
  public void advance(LogPosition at, Membership membership) {
    enter("advance " + at);
    try {
      step(at);
      if (membership.voters().isEmpty()) {
        breaches.add("no voters at " + at);
      }
    } finally {
      busy.set(false);
    }
  }

  private void step(LogPosition at) {
    if (at.index() != position.index() + 1 || at.term() < position.term()) {
      breaches.add(at + " follows " + position);
    }
    position = at;
  }

  private void enter(String what) {
    if (!busy.compareAndSet(false, true)) {
      breaches.add(what + " beside another call");
    }
  }

  @Override
  public void leading(long term) {
    enter("leading");
    busy.set(false);
    if (position.term() != term) {
      breaches.add("leads in term " + term + " before its first entry was applied: " + position);
    }
    terms.add(term);
    leadingTerm = term;
  }

  @Override
  public void notLeading() {
    enter("notLeading");
    busy.set(false);
    leadingTerm = 0;
  }

  @Override
  public CheckpointImage capture(Membership membership) {
    enter("capture");
    try {
      Image captured;
      synchronized (this) {
        captured = new Image(new Checkpoint(position, membership), List.copyOf(commands));
      }
      return new CheckpointImage() {
        @Override
        public Checkpoint checkpoint() {
          return captured.checkpoint;
        }

        @Override
        public void persist() {
          storage.image = captured;
        }
      };
    } finally {
      busy.set(false);
    }
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate")
  public Checkpoint install(ReplicaId source, Checkpoint wanted)
      throws IOException, InterruptedException {
    enter("install");
    try {
      storage.mayVote = false;
      storage.installs++;
      if (storage.failsInstalls) {
        throw new IOException("the install was told to fail");
      }
      Image image = peers.apply(source).image;
      if (image.checkpoint.at().index() < wanted.at().index()) {
        breaches.add("the leader's checkpoint is older than wanted");
      }
      storage.installsHang.await();
      storage.image = image;
      synchronized (this) {
        commands = new ArrayList<>(image.commands);
      }
      position = image.checkpoint.at();
      storage.mayVote = true;
      return image.checkpoint;
    } finally {
      busy.set(false);
    }
  }

  @Override
  public boolean mayVote() {
    return storage.mayVote;
  }

  public synchronized List<String> commands() {
    return List.copyOf(commands);
  }

  public LogPosition position() {
    return position;
  }

  /** 0 when it does not lead. */
  public long leadingTerm() {
    return leadingTerm;
  }

  /** All terms that it was told to lead in. */
  public List<Long> terms() {
    return List.copyOf(terms);
  }

  public List<String> breaches() {
    return List.copyOf(breaches);
  }
}
