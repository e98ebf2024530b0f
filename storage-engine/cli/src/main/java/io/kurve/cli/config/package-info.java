/** How a command finds its cluster: {@code kurve.yaml}. */
@NullMarked
package io.kurve.cli.config;

import org.jspecify.annotations.NullMarked;
