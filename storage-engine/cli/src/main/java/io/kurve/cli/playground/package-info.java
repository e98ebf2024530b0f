/**
 * A whole cluster on one machine, in one folder: its layout, its processes, and the steps that
 * bring it up, down and away. The servers are the same as anywhere; only the metadata store is
 * embedded.
 */
@NullMarked
package io.kurve.cli.playground;

import org.jspecify.annotations.NullMarked;
