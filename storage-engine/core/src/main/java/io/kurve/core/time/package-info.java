/** Ports through which time and chance enter the cores. */
@NullMarked
package io.kurve.core.time;

import org.jspecify.annotations.NullMarked;
