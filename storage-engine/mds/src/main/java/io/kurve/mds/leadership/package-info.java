/**
 * Being the leader: the election, the one place that every write transaction goes through, and what
 * the holder of the office works with. Nothing about volumes or disks enters.
 */
@NullMarked
package io.kurve.mds.leadership;

import org.jspecify.annotations.NullMarked;
