/**
 * A volume as a kernel block device. {@code posix} makes the system calls and owns descriptors,
 * {@code fuse} answers the kernel's requests from a volume, {@code loop} turns the file into a
 * block device, {@code host} is the process that holds a node's attachments.
 *
 * <p>The client enters through {@link io.kurve.client.BlockVolume} only. No library but the JDK's
 * own foreign function interface touches the kernel here.
 */
@NullMarked
package io.kurve.blockdev;

import org.jspecify.annotations.NullMarked;
