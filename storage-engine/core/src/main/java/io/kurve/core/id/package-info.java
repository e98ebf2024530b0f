/**
 * The names of things. Each is a type of its own, so that one can't be passed for another; none is
 * ever reused. Depends on nothing.
 */
@NullMarked
package io.kurve.core.id;

import org.jspecify.annotations.NullMarked;
