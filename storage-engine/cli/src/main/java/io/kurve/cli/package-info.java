@NullMarked
package io.kurve.cli;

import org.jspecify.annotations.NullMarked;
