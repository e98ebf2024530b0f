package io.kurve.mds.leadership;

import io.kurve.core.failure.FaultHandler;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.time.EventLoop;
import io.kurve.core.time.RandomSource;
import java.time.InstantSource;

/**
 * Everything through which the MDS touches the world.
 *
 * @param wallClock shown to people; nothing is decided by it
 */
public record MdsPorts(
    EventLoop loop,
    MetaStore store,
    ChunkserverCommands commands,
    RandomSource random,
    InstantSource wallClock,
    FaultHandler faults) {}
