/**
 * What sofa-jraft uses of the LMAX Disruptor, in its place: rings whose events a virtual thread
 * handles instead of a thread of its own (ADR 017). Nothing of that library is used, and nothing of
 * Kurve: only jraft may know this package.
 *
 * <p>jraft has four rings a replica, so that a chunkserver has hundreds of them. With a platform
 * thread behind each one, every step of every write is a change of threads by the kernel.
 */
@NullMarked
package com.lmax.disruptor;

import org.jspecify.annotations.NullMarked;
