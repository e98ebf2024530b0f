package io.kurve.protocol.control;

/** What one process offers on its control port. */
public sealed interface ControlServices
    permits MdsServices, ChunkserverServices, VolumeHostServices {
  String name();
}
