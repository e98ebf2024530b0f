/** Virtual time and seeded dice: the same seed gives the same run. */
@NullMarked
package io.kurve.testkit.time;

import org.jspecify.annotations.NullMarked;
