package io.kurve.client.volume;

import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.MetadataService.Opened;

/**
 * Who opened what, where and how.
 *
 * @param askedAtNanos the loop's time when the opening was asked for: the lease runs from then
 */
public record VolumeIdentity(
    ClusterId cluster, String host, AccessMode mode, Opened opened, long askedAtNanos) {}
