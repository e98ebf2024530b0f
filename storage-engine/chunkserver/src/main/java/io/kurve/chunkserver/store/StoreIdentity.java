package io.kurve.chunkserver.store;

import io.kurve.core.id.ClusterId;
import io.kurve.core.id.StoreId;
import java.time.Instant;

/**
 * What a store is from its format on.
 *
 * @param createdAt to the millisecond
 */
public record StoreIdentity(ClusterId cluster, StoreId store, Instant createdAt) {}
