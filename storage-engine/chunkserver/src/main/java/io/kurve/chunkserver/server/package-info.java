/**
 * The chunkserver as a process: its configuration, its threads and sockets, the order in which its
 * parts start and stop, its registration and heartbeats, and when checkpoints are taken. What the
 * parts do is theirs.
 */
@NullMarked
package io.kurve.chunkserver.server;

import org.jspecify.annotations.NullMarked;
