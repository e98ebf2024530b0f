/**
 * The volume host: holds a node's attachments, each a volume, a FUSE mount, a loop device and a
 * link, from attach to detach. {@link io.kurve.blockdev.host.AttachmentState} has the life of one.
 *
 * <p>Volumes come in through {@link io.kurve.blockdev.host.VolumeOpener}, callers through {@link
 * io.kurve.core.metadata.VolumeHostService}.
 */
@NullMarked
package io.kurve.blockdev.host;

import org.jspecify.annotations.NullMarked;
