/**
 * What a chunkserver's copysets do for others: admission and answers to data requests, reads under
 * the leader's lease, repair of damaged blocks, commands of the MDS, blocks for other replicas.
 *
 * <p>Called on network threads, which it never blocks: what touches the disk or another chunkserver
 * goes to a bounded pool. Sockets and protobuf stay outside.
 */
@NullMarked
package io.kurve.chunkserver.service;

import org.jspecify.annotations.NullMarked;
