/**
 * One process for one disk: the chunk store, the copysets' replicas on it, their service to clients
 * and peers, and the process around them. May import core, protocol and consensus; never another
 * server.
 */
@NullMarked
package io.kurve.chunkserver;

import org.jspecify.annotations.NullMarked;
