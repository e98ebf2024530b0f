/**
 * The image: all records in memory, changed only by replaying what the metadata store has applied;
 * and the ids given from reserved ranges. Owns no decision.
 */
@NullMarked
package io.kurve.mds.state;

import org.jspecify.annotations.NullMarked;
