/** Tests of a volume over chunkservers and an MDS in memory, in virtual time. */
@NullMarked
package io.kurve.client.volume;

import org.jspecify.annotations.NullMarked;
