/**
 * What every room shares: typed ids and units, checksums, errors, and the ports through which time,
 * chance, disks, logs and the metadata store enter the cores. Depends on nothing but the JDK.
 */
@NullMarked
package io.kurve.core;

import org.jspecify.annotations.NullMarked;
