package io.kurve.client;

import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.metadata.CopysetPlacement;
import java.util.function.Consumer;

/** The way to chunkservers. */
@FunctionalInterface
public interface DataTransport {
  /**
   * Sends once, without retries. A connection that is refused or breaks is answered UNAVAILABLE at
   * once; the asker watches the time.
   *
   * @param reply called at most once, on any thread; never from within this call. The blocks of a
   *     read may have been damaged on their way
   */
  void send(CopysetPlacement.Member target, DataRequest request, Consumer<DataReply> reply);
}
