/**
 * One opened volume: splits requests into pieces of one chunk, keeps overlapping ones in order,
 * finds and follows the leaders of copysets, retries under the same id, stops when fenced.
 *
 * <p>Everything here belongs to one event loop and reaches the world through the ports in {@link
 * io.kurve.client.volume.VolumePorts}: no clock, thread, socket or dice of its own, so the same
 * code runs in the simulation. What may enter: core, slf4j, simpleclient.
 */
@NullMarked
package io.kurve.client.volume;

import org.jspecify.annotations.NullMarked;
