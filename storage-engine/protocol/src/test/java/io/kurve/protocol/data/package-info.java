@NullMarked
package io.kurve.protocol.data;

import org.jspecify.annotations.NullMarked;
