/**
 * What the MDS keeps in the metadata store: the records, the keys they live under and their one
 * binary form. Knows nothing of what the records are used for; no client of the store enters.
 */
@NullMarked
package io.kurve.mds.record;

import org.jspecify.annotations.NullMarked;
