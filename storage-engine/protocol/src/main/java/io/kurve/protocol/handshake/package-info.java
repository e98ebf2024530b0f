/**
 * Who speaks: the cluster's key, identities, and the proof that both sides of a connection hold the
 * key. Pure but for reading and making the key file; frames and gRPC carry it.
 */
@NullMarked
package io.kurve.protocol.handshake;

import org.jspecify.annotations.NullMarked;
