package io.kurve.protocol.frame;

/** Told to the pipeline before the connection is closed: the other side speaks this version. */
public record OtherVersion(int version) {}
