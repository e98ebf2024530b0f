/** What clients did to blocks and saw in them, and whether one order explains it. */
@NullMarked
package io.kurve.testkit.history;

import org.jspecify.annotations.NullMarked;
