/**
 * Between protobuf and core types, both ways. Pure. What arrives is checked here: a value that core
 * types refuse becomes a {@link io.kurve.protocol.convert.BadMessage}.
 */
@NullMarked
package io.kurve.protocol.convert;

import org.jspecify.annotations.NullMarked;
