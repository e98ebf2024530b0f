/**
 * The contract of the replicated log, a state machine whose every step can be checked, and a log of
 * one replica whose proposals end as the test says.
 */
@NullMarked
package io.kurve.testkit.log;

import org.jspecify.annotations.NullMarked;
