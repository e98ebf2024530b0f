@NullMarked
package io.kurve.blockdev;

import org.jspecify.annotations.NullMarked;
