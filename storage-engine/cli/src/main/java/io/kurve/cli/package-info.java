/**
 * The command line for people and scripts. Owns what is printed, the exit codes, and the
 * playground's processes. Talks to servers through the protocol room only; reads stores through the
 * chunkserver's store package; what it measures goes through the embedded client.
 */
@NullMarked
package io.kurve.cli;

import org.jspecify.annotations.NullMarked;
