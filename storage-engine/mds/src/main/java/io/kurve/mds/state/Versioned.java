package io.kurve.mds.state;

/** A record and the revision of the transaction that matters for it. */
public record Versioned<T>(T record, long revision) {}
