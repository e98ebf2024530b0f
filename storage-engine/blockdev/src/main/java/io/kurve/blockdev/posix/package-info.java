/**
 * System calls as typed methods, the memory that the kernel reads and writes, and the one place
 * that owns the descriptors on which attachments hang. Nothing of FUSE or loop devices is known
 * here but their ioctl numbers' callers.
 */
@NullMarked
package io.kurve.blockdev.posix;

import org.jspecify.annotations.NullMarked;
