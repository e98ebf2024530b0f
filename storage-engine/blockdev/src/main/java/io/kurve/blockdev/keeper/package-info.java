/**
 * The keeper: a process that starts a node's volume host, starts it again when it ends, and holds
 * the descriptors on which its attachments hang, so that the next host can go on with them. {@link
 * io.kurve.blockdev.keeper.KeeperCore} decides; the rest does.
 *
 * <p>Knows nothing of volumes and clusters; only the kernel's descriptors come in.
 */
@NullMarked
package io.kurve.blockdev.keeper;

import org.jspecify.annotations.NullMarked;
