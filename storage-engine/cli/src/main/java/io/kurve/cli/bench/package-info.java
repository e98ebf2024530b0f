/**
 * What a machine and a cluster can do: yardsticks without Kurve, and Kurve through the embedded
 * client, so that every claim is a ratio within one run.
 */
@NullMarked
package io.kurve.cli.bench;

import org.jspecify.annotations.NullMarked;
