/**
 * Replication of a copyset's log: {@code wal} keeps the logs, terms and votes of all copysets of a
 * disk in one ring, {@code jraft} is the adapter of {@code io.kurve.core.log} to sofa-jraft. Here
 * stands the port to the network.
 *
 * <p>sofa-jraft enters {@code jraft} only, and protobuf there for jraft's own messages. No server,
 * no socket and no chunk enters.
 */
@NullMarked
package io.kurve.consensus;

import org.jspecify.annotations.NullMarked;
