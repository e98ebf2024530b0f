@NullMarked
package io.kurve.metastore;

import org.jspecify.annotations.NullMarked;
