/**
 * Moves replicas off disks that are dead or failing, by changes of membership. Decides in pure
 * steps from the image and what was heard; owns the records of moves and of removed replicas.
 */
@NullMarked
package io.kurve.mds.repair;

import org.jspecify.annotations.NullMarked;
