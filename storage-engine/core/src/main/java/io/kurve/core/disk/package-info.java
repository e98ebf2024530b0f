/** The port to a disk, and its adapter on files and block devices. Knows no format. */
@NullMarked
package io.kurve.core.disk;

import org.jspecify.annotations.NullMarked;
