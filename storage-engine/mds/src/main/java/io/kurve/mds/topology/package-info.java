/**
 * Disks and copysets: who registered, who was heard of last, what they reported, how copysets lie
 * over failure domains and how their leaders are reached. No volume enters.
 */
@NullMarked
package io.kurve.mds.topology;

import org.jspecify.annotations.NullMarked;
