package io.kurve.simulation;

import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine.ControlWriter;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.core.disk.Disk;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedStateMachine;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.protocol.data.DataHandler;

/**
 * The ports of a chunkserver, each of which a planted bug may wrap. One object for each life of a
 * process; without a bug everything goes through as it is.
 */
interface Adapters {
  /** Nothing is planted. */
  Adapters NONE = new Adapters() {};

  default Disk disk(Disk disk) {
    return disk;
  }

  default SlotStore slots(SlotStore slots) {
    return slots;
  }

  default ControlWriter writer(ControlWriter writer, SlotStore slots) {
    return writer;
  }

  default ReplicatedStateMachine<CommandReply> machine(
      ReplicatedStateMachine<CommandReply> machine) {
    return machine;
  }

  default ReplicatedLog<CommandReply> log(ReplicatedLog<CommandReply> log) {
    return log;
  }

  default DataHandler data(DataHandler data) {
    return data;
  }

  default ChunkserverCommands commands(ChunkserverCommands commands) {
    return commands;
  }
}
