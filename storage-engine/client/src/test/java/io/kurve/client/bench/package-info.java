/** Tests of the measurement. */
@NullMarked
package io.kurve.client.bench;

import org.jspecify.annotations.NullMarked;
