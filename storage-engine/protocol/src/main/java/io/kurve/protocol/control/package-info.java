/**
 * The control plane over gRPC: servers that offer core's metadata ports, clients that implement
 * them. Owns channels, sessions, deadlines and the translation of failures; no gRPC type is in a
 * signature that other rooms use.
 */
@NullMarked
package io.kurve.protocol.control;

import org.jspecify.annotations.NullMarked;
