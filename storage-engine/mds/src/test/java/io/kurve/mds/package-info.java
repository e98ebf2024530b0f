@NullMarked
package io.kurve.mds;

import org.jspecify.annotations.NullMarked;
