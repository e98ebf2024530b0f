package io.kurve.protocol.data;

import io.kurve.core.data.DataRequest;

/** Serves data requests. */
@FunctionalInterface
public interface DataHandler {
  /**
   * Called on a network thread, which it must not block. The request is for this cluster and store,
   * in range, and its blocks match their checksums. A write's data is a heap buffer that belongs to
   * the handler from here on.
   */
  void handle(DataRequest request, DataResponder responder);
}
