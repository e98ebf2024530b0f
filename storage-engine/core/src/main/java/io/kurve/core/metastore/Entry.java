package io.kurve.core.metastore;

/** A key as it was at the revision of the read. */
public record Entry(String key, Bytes value, long createRevision, long modifyRevision) {}
