/**
 * The framed data plane: {@link io.kurve.protocol.data.DataServer} and {@link
 * io.kurve.protocol.data.DataClient}. Owns connections, their handshakes, limits and deadlines;
 * compares the checksums of every block that arrives. What a request means is its handler's
 * business.
 */
@NullMarked
package io.kurve.protocol.data;

import org.jspecify.annotations.NullMarked;
