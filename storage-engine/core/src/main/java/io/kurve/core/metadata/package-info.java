/**
 * The control plane in plain types: volumes, attachments, where chunks live, what chunkservers
 * report. The protocol room turns them into messages and back.
 */
@NullMarked
package io.kurve.core.metadata;

import org.jspecify.annotations.NullMarked;
