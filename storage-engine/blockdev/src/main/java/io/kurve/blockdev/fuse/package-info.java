/**
 * Our own end of /dev/fuse: one mount with one file for each attachment, whose bytes are a
 * volume's. {@link io.kurve.blockdev.fuse.FuseWire} has the protocol, {@link
 * io.kurve.blockdev.fuse.FuseConnection} the readers and the replies.
 *
 * <p>May use the client's {@link io.kurve.client.BlockVolume} and the posix package; knows nothing
 * of loop devices or hosts.
 */
@NullMarked
package io.kurve.blockdev.fuse;

import org.jspecify.annotations.NullMarked;
