package io.kurve.simulation;

import io.kurve.core.data.DataRequest;
import io.kurve.core.id.RequestId;
import io.kurve.protocol.data.DataHandler;
import io.kurve.protocol.data.DataResponder;

/** Gives each arrival an id of its own and forgets what was answered only much later. */
final class ForgetfulDoor implements DataHandler {
  private static final long ARRIVALS = 64;
  private static final long FORGETS_AFTER = 200;

  private final DataHandler behind;
  private long arrivals;

  ForgetfulDoor(DataHandler behind) {
    this.behind = behind;
  }

  @Override
  public void handle(DataRequest request, DataResponder responder) {
    DataRequest.Context context = request.context();
    RequestId id =
        new RequestId(
            context.id().attachment(),
            context.id().number() * ARRIVALS + arrivals++ % ARRIVALS,
            context.id().part());
    behind.handle(
        new DataRequest(
            new DataRequest.Context(
                context.cluster(),
                context.target(),
                context.copyset(),
                id,
                Math.max(1, (context.answeredBelow() - FORGETS_AFTER) * ARRIVALS),
                context.volumeSequence(),
                context.remaining()),
            request.address(),
            request.operation()),
        responder);
  }
}
