/** Checksums of data, the same from the client's buffer to the disk and back. */
@NullMarked
package io.kurve.core.checksum;

import org.jspecify.annotations.NullMarked;
