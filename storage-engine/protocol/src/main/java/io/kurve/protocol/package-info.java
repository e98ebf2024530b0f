/**
 * Everything that goes over a wire: protobuf, Netty and gRPC live in here and are in no signature
 * that another room uses. The doors are {@code handshake} (keys and identities), {@code data} (the
 * framed data plane), {@code control} (gRPC adapters of core's metadata ports) and {@code
 * observability}; {@code frame}, {@code convert} and the generated {@code v1} are for this room.
 */
@NullMarked
package io.kurve.protocol;

import org.jspecify.annotations.NullMarked;
