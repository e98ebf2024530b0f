/** The adapter of the replicated-log port to sofa-jraft: the only place that imports it. */
@NullMarked
package io.kurve.consensus.jraft;

import org.jspecify.annotations.NullMarked;
