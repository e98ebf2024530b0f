/** Errors as data: stable codes, a cause, a cure; and the way out when going on is unsafe. */
@NullMarked
package io.kurve.core.failure;

import org.jspecify.annotations.NullMarked;
