/**
 * The metadata store as tests need it: a fake in memory that ends transactions in every way that a
 * real one can, and the contract that the fake and every adapter must pass.
 */
@NullMarked
package io.kurve.testkit.metastore;

import org.jspecify.annotations.NullMarked;
