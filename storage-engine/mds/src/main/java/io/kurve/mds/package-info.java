/**
 * The metadata server: owns the names, places and attachments of everything in a cluster, and says
 * who may use what. One leader works at a time, on one event loop; all it knows is in the metadata
 * store, written through one gate. Its core is pure: the store, chunkservers, time and chance are
 * ports. Neither jraft, the chunk store nor generated protocol classes may enter.
 */
@NullMarked
package io.kurve.mds;

import org.jspecify.annotations.NullMarked;
