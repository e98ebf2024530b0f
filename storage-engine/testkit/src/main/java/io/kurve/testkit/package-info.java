/**
 * What tests of several rooms share: fakes of core's ports (disk, time, chance, log, metadata
 * store, halt), the contracts that fakes and adapters must pass, and golden files. Imports core
 * only; no room's code and no product enters, and nothing of it is shipped.
 */
@NullMarked
package io.kurve.testkit;

import org.jspecify.annotations.NullMarked;
