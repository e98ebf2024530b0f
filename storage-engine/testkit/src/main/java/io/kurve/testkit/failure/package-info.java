/** Fault handlers for tests: a halt is recorded and thrown, and the process lives on. */
@NullMarked
package io.kurve.testkit.failure;

import org.jspecify.annotations.NullMarked;
