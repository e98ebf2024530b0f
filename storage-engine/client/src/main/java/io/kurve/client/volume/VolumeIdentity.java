package io.kurve.client.volume;

import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.MetadataService.Opened;

/** Who opened what, where and how. */
public record VolumeIdentity(ClusterId cluster, String host, AccessMode mode, Opened opened) {}
