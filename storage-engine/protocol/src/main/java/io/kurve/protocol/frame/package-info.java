/**
 * Frames on a TCP connection: bounded, checked before anything is allocated for them, closed on the
 * first byte that makes no sense. Knows nothing of what the frames mean. Netty only.
 */
@NullMarked
package io.kurve.protocol.frame;

import org.jspecify.annotations.NullMarked;
