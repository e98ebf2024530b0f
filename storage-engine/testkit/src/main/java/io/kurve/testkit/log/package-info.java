/** The contract of the replicated log, and a state machine whose every step can be checked. */
@NullMarked
package io.kurve.testkit.log;

import org.jspecify.annotations.NullMarked;
