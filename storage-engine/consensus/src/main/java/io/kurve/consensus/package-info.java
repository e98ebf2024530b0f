@NullMarked
package io.kurve.consensus;

import org.jspecify.annotations.NullMarked;
