/**
 * The doors of the embedded client: a volume as its users see it, and the way to chunkservers as
 * the client needs it. Plain types of core only.
 */
@NullMarked
package io.kurve.client;

import org.jspecify.annotations.NullMarked;
