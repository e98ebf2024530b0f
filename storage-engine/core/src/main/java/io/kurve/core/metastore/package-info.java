/**
 * The port to the store that holds all of the MDS's state: transactions with three outcomes, scans
 * in pages, watches, leases and elections. Adapters are in the metastore room; one contract suite
 * in testkit says what each must do.
 */
@NullMarked
package io.kurve.core.metastore;

import org.jspecify.annotations.NullMarked;
