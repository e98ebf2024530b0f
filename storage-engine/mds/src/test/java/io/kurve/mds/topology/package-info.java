@NullMarked
package io.kurve.mds.topology;

import org.jspecify.annotations.NullMarked;
