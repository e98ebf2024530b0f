package io.kurve.testkit.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All that was done to one block and seen in it, and the question whether some order of the writes
 * explains every read, such that each happened between its call and its return.
 *
 * <pre>
 *   state = content + which of the open operations have happened
 *
 *   call      the operation is open; it may happen from now on
 *   return    every state must be brought, by letting open operations happen, to one in which this
 *             one has; those that can't are no more
 *   seal      of a writer that can do no more: what is open of it happens now or never; what is
 *             told to have happened later on has happened now
 * </pre>
 *
 * <p>No state left: the history is impossible. A write that never returned may have happened or
 * not; a read that never returned is left out.
 */
public final class BlockHistory {
  private static final int MAX_STATES = 50_000;

  private final int blockBytes;
  private final List<Event> events = new ArrayList<>();

  public BlockHistory(int blockBytes) {
    this.blockBytes = blockBytes;
  }

  /** Something that a client does to a part of the block. */
  public static final class Operation {
    private final long writer;
    private final int from;
    private final boolean write;
    private final String name;
    private byte @Nullable [] bytes;
    private boolean returned;

    private Operation(long writer, int from, boolean write, byte @Nullable [] bytes, String name) {
      this.writer = writer;
      this.from = from;
      this.write = write;
      this.bytes = bytes;
      this.name = name;
    }

    private byte[] bytes() {
      if (bytes == null) {
        throw new IllegalStateException(name + " has not returned");
      }
      return bytes;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private sealed interface Event {}

  private record Call(Operation operation) implements Event {}

  private record Return(Operation operation) implements Event {}

  private record Seal(long writer) implements Event {}

  private record Content(byte[] bytes) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Content content && Arrays.equals(bytes, content.bytes);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(bytes);
    }

    boolean shows(Operation read) {
      byte[] seen = read.bytes();
      return Arrays.equals(bytes, read.from, read.from + seen.length, seen, 0, seen.length);
    }

    Content after(Operation write) {
      byte[] next = bytes.clone();
      System.arraycopy(write.bytes(), 0, next, write.from, write.bytes().length);
      return new Content(next);
    }
  }

  /**
   * @param happened of the open operations, by position
   */
  private record State(Content content, long happened) {}

  public Operation write(long writer, int from, byte[] bytes, String name) {
    Operation write = new Operation(writer, from, true, bytes, name);
    events.add(new Call(write));
    return write;
  }

  public Operation read(long reader, int from, String name) {
    Operation read = new Operation(reader, from, false, null, name);
    events.add(new Call(read));
    return read;
  }

  public void wrote(Operation write) {
    write.returned = true;
    events.add(new Return(write));
  }

  public void sawBytes(Operation read, byte[] seen) {
    read.bytes = seen;
    read.returned = true;
    events.add(new Return(read));
  }

  /** Nothing that the writer has open can take effect any more. */
  public void seal(long writer) {
    events.add(new Seal(writer));
  }

  /** What is wrong with the history; empty when one order explains it all. */
  public Optional<String> impossible() {
    return new Search().run();
  }

  private final class Search {
    private final @Nullable Operation[] open = new @Nullable Operation[Long.SIZE];
    private Set<State> states = new LinkedHashSet<>();

    Optional<String> run() {
      states.add(new State(new Content(new byte[blockBytes]), 0));
      int number = 0;
      for (Event event : events) {
        number++;
        Set<State> before = states;
        switch (event) {
          case Call call -> call(call.operation);
          case Return ended -> ended(ended.operation);
          case Seal seal -> seal(seal.writer);
        }
        if (states.size() > MAX_STATES) {
          return Optional.of("too many possible states to check");
        }
        if (states.isEmpty()) {
          return Optional.of(
              event + " (event " + number + ") can't be explained: " + describe(event, before));
        }
      }
      return Optional.empty();
    }

    private void call(Operation operation) {
      if (!operation.write && operation.bytes == null) {
        return;
      }
      int place = 0;
      while (open[place] != null) {
        place++;
      }
      open[place] = operation;
      Set<State> next = new LinkedHashSet<>();
      for (State state : states) {
        next.add(noticed(state));
      }
      states = next;
    }

    /** Open reads that the content satisfies have happened: that can hurt nothing later. */
    private State noticed(State state) {
      long happened = state.happened;
      for (int i = 0; i < open.length; i++) {
        Operation operation = open[i];
        if (operation != null
            && !operation.write
            && (happened & 1L << i) == 0
            && state.content.shows(operation)) {
          happened |= 1L << i;
        }
      }
      return happened == state.happened ? state : new State(state.content, happened);
    }

    private void ended(Operation operation) {
      int place = placeOf(operation);
      if (place < 0) {
        return;
      }
      Set<State> next = new LinkedHashSet<>();
      Set<State> seen = new LinkedHashSet<>(states);
      Deque<State> todo = new ArrayDeque<>(states);
      while (!todo.isEmpty() && seen.size() <= MAX_STATES) {
        State state = todo.poll();
        if ((state.happened & 1L << place) != 0) {
          next.add(new State(state.content, state.happened & ~(1L << place)));
          continue;
        }
        for (int i = 0; i < open.length; i++) {
          Operation write = open[i];
          if (write != null && write.write && (state.happened & 1L << i) == 0) {
            State then = noticed(new State(state.content.after(write), state.happened | 1L << i));
            if (seen.add(then)) {
              todo.add(then);
            }
          }
        }
      }
      open[place] = null;
      states = seen.size() > MAX_STATES ? seen : next;
    }

    private void seal(long writer) {
      long mask = 0;
      long must = 0;
      for (int i = 0; i < open.length; i++) {
        Operation operation = open[i];
        if (operation != null && operation.writer == writer) {
          mask |= 1L << i;
          must |= operation.returned ? 1L << i : 0;
        }
      }
      if (mask == 0) {
        return;
      }
      Set<State> seen = new LinkedHashSet<>(states);
      Deque<State> todo = new ArrayDeque<>(states);
      while (!todo.isEmpty() && seen.size() <= MAX_STATES) {
        State state = todo.poll();
        for (int i = 0; i < open.length; i++) {
          Operation write = open[i];
          // Another writer's may have happened before the one that is sealed.
          if (write != null && write.write && (state.happened & 1L << i) == 0) {
            State then = noticed(new State(state.content.after(write), state.happened | 1L << i));
            if (seen.add(then)) {
              todo.add(then);
            }
          }
        }
      }
      Set<State> next = new LinkedHashSet<>();
      for (State state : seen) {
        if ((must & ~state.happened) == 0) {
          next.add(new State(state.content, state.happened & ~mask));
        }
      }
      for (int i = 0; i < open.length; i++) {
        if ((mask & 1L << i) != 0) {
          open[i] = null;
        }
      }
      states = next;
    }

    private int placeOf(Operation operation) {
      for (int i = 0; i < open.length; i++) {
        if (open[i] == operation) {
          return i;
        }
      }
      // Its writer was sealed before: then it was seen to have happened.
      return -1;
    }

    private String describe(Event event, Set<State> before) {
      StringBuilder text = new StringBuilder();
      if (event instanceof Return(Operation operation)) {
        text.append("saw ")
            .append(start(operation.bytes(), 0))
            .append(" at ")
            .append(operation.from);
        before.stream()
            .limit(4)
            .forEach(state ->
                text.append(", possible was ").append(start(state.content.bytes, operation.from)));
      }
      text.append("; history:");
      int from = Math.max(0, events.indexOf(event) - 30);
      events.subList(from, events.indexOf(event) + 1).forEach(e -> text.append("\n    ").append(e));
      return text.toString();
    }

    private static String start(byte[] bytes, int from) {
      StringBuilder hex = new StringBuilder();
      for (int i = from; i < Math.min(bytes.length, from + 8); i++) {
        hex.append("%02x".formatted(bytes[i]));
      }
      return hex.toString();
    }
  }
}
