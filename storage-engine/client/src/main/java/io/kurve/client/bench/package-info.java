/**
 * Measures a volume: keeps a number of requests in flight for a while and tells how many ended and
 * how long they took. Knows {@link io.kurve.client.BlockVolume} only; time and dice come in.
 */
@NullMarked
package io.kurve.client.bench;

import org.jspecify.annotations.NullMarked;
