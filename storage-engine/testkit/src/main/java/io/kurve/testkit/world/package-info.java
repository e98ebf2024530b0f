/**
 * A world of simulated processes on one queue of events: time, network, death and pauses. The same
 * seed gives the same events. Knows nothing of what the processes run.
 */
@NullMarked
package io.kurve.testkit.world;

import org.jspecify.annotations.NullMarked;
