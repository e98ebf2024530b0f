/**
 * A replicated log in a simulated world: what consensus promises, by the shortest way, with
 * everything allowed that it does not promise. No disk format, no threads.
 */
@NullMarked
package io.kurve.testkit.raft;

import org.jspecify.annotations.NullMarked;
