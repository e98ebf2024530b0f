/**
 * The metadata store in an etcd cluster, for several MDS. Owns the calls to etcd's gRPC API; its
 * messages ({@code v3}, made from our own description of the part that is used) stay in here.
 */
@NullMarked
package io.kurve.metastore.etcd;

import org.jspecify.annotations.NullMarked;
