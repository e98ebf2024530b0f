@NullMarked
package io.kurve.chunkserver;

import org.jspecify.annotations.NullMarked;
