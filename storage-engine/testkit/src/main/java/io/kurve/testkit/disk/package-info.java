/** A disk in memory that forgets, tears, lies and rots as real ones do. Knows no format. */
@NullMarked
package io.kurve.testkit.disk;

import org.jspecify.annotations.NullMarked;
