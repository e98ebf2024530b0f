@NullMarked
package io.kurve.protocol.control;

import org.jspecify.annotations.NullMarked;
