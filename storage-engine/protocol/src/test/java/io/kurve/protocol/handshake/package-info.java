@NullMarked
package io.kurve.protocol.handshake;

import org.jspecify.annotations.NullMarked;
