package io.kurve.mds.state;

import io.kurve.mds.record.StoredRecord;

/** One step from image to image; a transaction is a list of them, each on another key. */
public sealed interface Change {
  StoredRecord record();

  record Put(StoredRecord record) implements Change {}

  record Remove(StoredRecord record) implements Change {}
}
