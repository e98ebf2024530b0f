/**
 * What people are told of the cluster's state: every reason for not being healthy, and the cure.
 */
@NullMarked
package io.kurve.mds.health;

import org.jspecify.annotations.NullMarked;
