@NullMarked
package io.kurve.protocol.observability;

import org.jspecify.annotations.NullMarked;
