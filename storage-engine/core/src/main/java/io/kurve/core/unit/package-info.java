/** Sizes: the fixed geometry of volumes and the sizes that people write. */
@NullMarked
package io.kurve.core.unit;

import org.jspecify.annotations.NullMarked;
