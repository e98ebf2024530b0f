/**
 * Adapters of the metadata-store port ({@code io.kurve.core.metastore}): the embedded one is a
 * single process's, for one MDS. Nothing of an adapter's own library may leave this room.
 */
@NullMarked
package io.kurve.metastore;

import org.jspecify.annotations.NullMarked;
