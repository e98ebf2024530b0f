/**
 * What is shipped: one program that maps {@code kurve mds|chunkserver|volume-host|keeper} to each
 * room's own main, and everything else to the command line. Imports nothing of the rooms but their
 * mains.
 */
@NullMarked
package io.kurve.dist;

import org.jspecify.annotations.NullMarked;
