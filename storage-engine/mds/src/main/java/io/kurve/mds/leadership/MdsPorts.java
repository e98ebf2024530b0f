package io.kurve.mds.leadership;

import io.kurve.core.failure.FaultHandler;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.metadata.ChunkserverRegistry.Addresses;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.time.EventLoop;
import io.kurve.core.time.RandomSource;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Everything through which the MDS touches the world.
 *
 * @param wallClock shown to people; nothing is decided by it
 * @param addresses is told where all chunkservers are, after each change
 */
public record MdsPorts(
    EventLoop loop,
    MetaStore store,
    ChunkserverCommands commands,
    RandomSource random,
    InstantSource wallClock,
    FaultHandler faults,
    Consumer<Map<ReplicaId, Addresses>> addresses) {}
