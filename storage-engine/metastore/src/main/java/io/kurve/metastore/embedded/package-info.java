/**
 * The embedded metadata store: a map in memory, a log of frames and a snapshot on disk. Owns their
 * format. The state is pure; one thread owns it together with the files.
 */
@NullMarked
package io.kurve.metastore.embedded;

import org.jspecify.annotations.NullMarked;
