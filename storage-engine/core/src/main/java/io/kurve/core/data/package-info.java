/**
 * The data plane in plain types: what a client asks a copyset's leader and what it answers. The
 * protocol room turns them into frames and back.
 */
@NullMarked
package io.kurve.core.data;

import org.jspecify.annotations.NullMarked;
