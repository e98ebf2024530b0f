package io.kurve.protocol.data;

import io.kurve.core.data.ReplicaService;

/** What a chunkserver serves to other chunkservers, and to nobody else. */
public record PeerServices(PeerHandler log, ReplicaService replica) {}
