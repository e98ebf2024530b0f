@NullMarked
package io.kurve.testkit;

import org.jspecify.annotations.NullMarked;
