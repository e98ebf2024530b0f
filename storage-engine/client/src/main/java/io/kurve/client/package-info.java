@NullMarked
package io.kurve.client;

import org.jspecify.annotations.NullMarked;
