package io.kurve.client.volume;

import io.kurve.client.DataTransport;
import io.kurve.core.metadata.MetadataService;
import io.kurve.core.time.EventLoop;
import io.kurve.core.time.RandomSource;

/** What a volume reaches the world through; the random source is used on the loop only. */
public record VolumePorts(
    EventLoop loop,
    RandomSource random,
    MetadataService metadata,
    DataTransport transport,
    ClientMetrics metrics) {}
