/**
 * Loop devices by ioctl, the stable links that name them, and who is using one. Backing files come
 * in as paths: FUSE is not known here.
 */
@NullMarked
package io.kurve.blockdev.loop;

import org.jspecify.annotations.NullMarked;
