@NullMarked
package io.kurve.protocol;

import org.jspecify.annotations.NullMarked;
