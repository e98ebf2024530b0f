/** The HTTP door for people and their tools: metrics, health, readiness. Read only. */
@NullMarked
package io.kurve.protocol.observability;

import org.jspecify.annotations.NullMarked;
