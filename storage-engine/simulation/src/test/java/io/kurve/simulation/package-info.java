/**
 * The cores of MDS, chunkserver and client in one simulated world: workload, nemeses, model and
 * planted bugs. The world itself, its network, disk, log and store are testkit's.
 */
@NullMarked
package io.kurve.simulation;

import org.jspecify.annotations.NullMarked;
