/**
 * The client in a running process: connections, threads and keys put together for the volumes of
 * one cluster. What may enter: the protocol room's clients, and the volume core.
 */
@NullMarked
package io.kurve.client.cluster;

import org.jspecify.annotations.NullMarked;
