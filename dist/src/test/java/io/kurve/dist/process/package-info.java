/** Tests of real processes on this machine, as a user runs them. */
@NullMarked
package io.kurve.dist.process;

import org.jspecify.annotations.NullMarked;
