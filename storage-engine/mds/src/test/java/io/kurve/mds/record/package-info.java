@NullMarked
package io.kurve.mds.record;

import org.jspecify.annotations.NullMarked;
