/**
 * Volumes, who has them attached, where their chunks live, and the long ends: fencing and purging.
 * Sees disks only as capacity and leaders to call.
 */
@NullMarked
package io.kurve.mds.volume;

import org.jspecify.annotations.NullMarked;
