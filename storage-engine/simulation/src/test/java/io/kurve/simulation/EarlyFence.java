package io.kurve.simulation;

import io.kurve.chunkserver.copyset.Command;
import io.kurve.chunkserver.copyset.CommandCodec;
import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine.ControlWriter;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.chunkserver.store.SlotStore.CopysetControl;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.log.LogPosition;
import io.kurve.core.log.Membership;
import io.kurve.core.log.ReplicatedStateMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * Writes the control state after each grant, under the log position of the checkpoint before and
 * without syncing blocks: a replay then meets a state that is newer than it should be.
 */
final class EarlyFence {
  private boolean writing;

  boolean isWriting() {
    return writing;
  }

  ControlWriter writer(ControlWriter writer, SlotStore slots) {
    return control -> {
      CopysetControl last = slots.controls().get(control.copyset());
      if (!writing) {
        writer.persist(control);
      } else if (last != null && !last.installing()) {
        writer.persist(
            new CopysetControl(
                control.copyset(),
                last.at(),
                last.membership(),
                false,
                control.slots(),
                control.state()));
      }
    };
  }

  ReplicatedStateMachine<CommandReply> machine(ReplicatedStateMachine<CommandReply> machine) {
    return new ReplicatedStateMachine<>() {
      @Override
      public Checkpoint restored() {
        return machine.restored();
      }

      @Override
      public CommandReply apply(LogPosition at, ByteBuffer command) {
        boolean grants = isGrant(command.duplicate());
        CommandReply reply = machine.apply(at, command);
        if (grants && reply instanceof CommandReply.Done) {
          writing = true;
          try {
            machine.capture(machine.restored().membership()).persist();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          } finally {
            writing = false;
          }
        }
        return reply;
      }

      @Override
      public void advance(LogPosition at, Membership membership) {
        machine.advance(at, membership);
      }

      @Override
      public void leading(long term) {
        machine.leading(term);
      }

      @Override
      public void notLeading() {
        machine.notLeading();
      }

      @Override
      public CheckpointImage capture(Membership membership) {
        return machine.capture(membership);
      }

      @Override
      public Checkpoint install(ReplicaId source, Checkpoint wanted)
          throws IOException, InterruptedException {
        return machine.install(source, wanted);
      }

      @Override
      public boolean mayVote() {
        return machine.mayVote();
      }
    };
  }

  private static boolean isGrant(ByteBuffer command) {
    try {
      return CommandCodec.decode(command) instanceof Command.SetGrant;
    } catch (CommandCodec.BadCommand e) {
      throw new AssertionError("a committed entry is no command", e);
    }
  }
}
