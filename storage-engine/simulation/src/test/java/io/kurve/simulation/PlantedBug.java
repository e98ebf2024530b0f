package io.kurve.simulation;

import io.kurve.chunkserver.copyset.CommandReply;
import io.kurve.chunkserver.copyset.CopysetStateMachine.ControlWriter;
import io.kurve.chunkserver.store.SlotStore;
import io.kurve.core.disk.Disk;
import io.kurve.core.log.ReplicatedLog;
import io.kurve.core.log.ReplicatedStateMachine;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.protocol.data.DataHandler;
import java.util.function.Supplier;

/**
 * Mistakes that somebody could make in a chunkserver. Each is made at a port of it, by an adapter
 * of the test's: the product knows nothing of them.
 */
enum PlantedBug {
  /** Every other sync says OK and does nothing. */
  FSYNC_SKIPPED(() ->
      new Adapters() {
        private int syncs;

        @Override
        public Disk disk(Disk disk) {
          return new UnsyncedDisk(disk, () -> ++syncs % 2 == 0);
        }
      }),

  /** A write is answered as soon as it is in the leader's own log. */
  ANSWER_BEFORE_COMMIT(() ->
      new Adapters() {
        @Override
        public ReplicatedLog<CommandReply> log(ReplicatedLog<CommandReply> log) {
          return new HastyLog(log);
        }
      }),

  /** Whoever asks is taken for the one who may. */
  ATTACHMENT_NOT_CHECKED(() ->
      new Adapters() {
        private final CredulousDoor door = new CredulousDoor();

        @Override
        public DataHandler data(DataHandler data) {
          return door.data(data);
        }

        @Override
        public ChunkserverCommands commands(ChunkserverCommands commands) {
          return door.commands(commands);
        }
      }),

  /** A grant is answered before it is there; a take-over before who lost is refused. */
  GRANT_BEFORE_COMMIT(() ->
      new Adapters() {
        @Override
        public ChunkserverCommands commands(ChunkserverCommands commands) {
          return new HastyGrants(commands);
        }
      }),

  /** What the disk gives is believed. */
  BLOCK_CHECKSUM_NOT_VERIFIED(() ->
      new Adapters() {
        @Override
        public SlotStore slots(SlotStore slots) {
          return new BelievingSlots(slots);
        }
      }),

  /** A grant is made durable at once, with neither the data before it nor its log position. */
  FENCE_BEFORE_DATA(() ->
      new Adapters() {
        private final EarlyFence fence = new EarlyFence();

        @Override
        public Disk disk(Disk disk) {
          return new UnsyncedDisk(disk, fence::isWriting);
        }

        @Override
        public ControlWriter writer(ControlWriter writer, SlotStore slots) {
          return fence.writer(writer, slots);
        }

        @Override
        public ReplicatedStateMachine<CommandReply> machine(
            ReplicatedStateMachine<CommandReply> machine) {
          return fence.machine(machine);
        }
      }),

  /** A slot that is given back stays in use. */
  SLOT_LEAKED(() ->
      new Adapters() {
        @Override
        public SlotStore slots(SlotStore slots) {
          return new ForwardedSlots(slots) {
            @Override
            public void free(Slot slot) {}
          };
        }
      }),

  /** Each arrival of a request counts as a request of its own. */
  RETRY_APPLIED_TWICE(() ->
      new Adapters() {
        @Override
        public DataHandler data(DataHandler data) {
          return new ForgetfulDoor(data);
        }
      });

  private final Supplier<Adapters> adapters;

  PlantedBug(Supplier<Adapters> adapters) {
    this.adapters = adapters;
  }

  /** New for each life of each chunkserver. */
  Supplier<Adapters> adapters() {
    return adapters;
  }
}
