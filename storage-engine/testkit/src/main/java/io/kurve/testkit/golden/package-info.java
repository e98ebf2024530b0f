/** Golden files: bytes of a format's version, checked in, read and rewritten by a test. */
@NullMarked
package io.kurve.testkit.golden;

import org.jspecify.annotations.NullMarked;
