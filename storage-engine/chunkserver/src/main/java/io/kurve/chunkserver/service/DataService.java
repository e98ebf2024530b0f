package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.Command.BlockChange;
import io.kurve.chunkserver.copyset.Command.Discard;
import io.kurve.chunkserver.copyset.Command.Origin;
import io.kurve.chunkserver.copyset.Command.Write;
import io.kurve.chunkserver.copyset.Command.WriteZeroes;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.StoreId;
import io.kurve.core.unit.Geometry;
import io.kurve.protocol.data.DataHandler;
import io.kurve.protocol.data.DataResponder;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** The door for data requests: whether they are for us and make sense, and to which copyset. */
public final class DataService implements DataHandler {
  private static final String READ = "read";
  private static final String WRITE = "write";
  private static final String WRITE_ZEROES = "write_zeroes";
  private static final String DISCARD = "discard";

  /** As metrics name them. */
  static final List<String> OPERATIONS = List.of(READ, WRITE, WRITE_ZEROES, DISCARD);

  private final ClusterId cluster;
  private final StoreId store;
  private final Copysets copysets;
  private final ServiceMetrics metrics;
  private final InFlight inFlight;
  private final LongSupplier nanoTime;

  public DataService(
      ClusterId cluster,
      StoreId store,
      Copysets copysets,
      ServiceLimits limits,
      ServiceMetrics metrics,
      LongSupplier nanoTime) {
    this.cluster = cluster;
    this.store = store;
    this.copysets = copysets;
    this.metrics = metrics;
    this.inFlight = new InFlight(limits, metrics);
    this.nanoTime = nanoTime;
  }

  @Override
  public void handle(DataRequest request, DataResponder responder) {
    Optional<DataReply> nonsense = nonsense(request);
    if (nonsense.isPresent()) {
      reply(request, responder, nonsense.get());
      return;
    }
    Optional<CopysetReplica> replica = copysets.find(request.context().copyset());
    if (replica.isEmpty()) {
      reply(
          request,
          responder,
          Replies.failed(ErrorCode.REFUSED, "no replica of " + request.context().copyset()));
      return;
    }
    long bytes = payloadBytes(request.operation());
    if (!inFlight.enter(bytes)) {
      reply(
          request,
          responder,
          Replies.failed(ErrorCode.OVERLOAD, "too many requests wait for this disk"));
      return;
    }
    serve(
        request,
        replica.get(),
        answer -> {
          inFlight.leave(bytes);
          reply(request, responder, answer);
        });
  }

  private void serve(DataRequest request, CopysetReplica replica, Consumer<DataReply> answer) {
    DataRequest.Context context = request.context();
    Arrival arrival = new Arrival(nanoTime.getAsLong(), context.remaining());
    Origin origin = new Origin(context.id(), context.answeredBelow(), context.volumeSequence());
    int first = request.operation().offset() / Geometry.BLOCK_BYTES;
    int count = request.operation().length() / Geometry.BLOCK_BYTES;
    BlockChange change;
    Optional<Integer> expected = Optional.empty();
    switch (request.operation()) {
      case DataRequest.Read read -> {
        replica.reads().submit(request, arrival, answer);
        return;
      }
      case DataRequest.Write write -> {
        change = new Write(origin, request.address(), first, write.data(), write.checksums());
        expected = write.expected();
      }
      case DataRequest.WriteZeroes zeroes ->
          change = new WriteZeroes(origin, request.address(), first, count);
      case DataRequest.Discard discard ->
          change = new Discard(origin, request.address(), first, count);
    }
    replica.changes().submit(change, expected, arrival, answer);
  }

  private Optional<DataReply> nonsense(DataRequest request) {
    DataRequest.Context context = request.context();
    if (!context.cluster().equals(cluster)) {
      return Optional.of(
          Replies.failed(
              ErrorCode.REFUSED, "cluster " + context.cluster() + " is not ours, " + cluster));
    }
    if (!context.target().equals(store)) {
      return Optional.of(
          Replies.failed(
              ErrorCode.REFUSED, "store " + context.target() + " is not here; this is " + store));
    }
    int offset = request.operation().offset();
    int length = request.operation().length();
    boolean blocks = offset % Geometry.BLOCK_BYTES == 0 && length % Geometry.BLOCK_BYTES == 0;
    boolean inside = offset >= 0 && length > 0 && offset <= Geometry.CHUNK_BYTES - length;
    if (!blocks || !inside || payloadBytes(request.operation()) > Geometry.MAX_REQUEST_BYTES) {
      return Optional.of(
          Replies.failed(
              ErrorCode.INVALID_ARGUMENT, length + " bytes at " + offset + " of a chunk"));
    }
    if (request.operation() instanceof DataRequest.Write write) {
      int count = length / Geometry.BLOCK_BYTES;
      if (write.checksums().length != count || (write.expected().isPresent() && count != 1)) {
        return Optional.of(
            Replies.failed(
                ErrorCode.INVALID_ARGUMENT, write.checksums().length + " checksums for " + count));
      }
    }
    return Optional.empty();
  }

  private static long payloadBytes(DataRequest.Operation operation) {
    return switch (operation) {
      case DataRequest.Read read -> read.length();
      case DataRequest.Write write -> write.length();
      case DataRequest.WriteZeroes zeroes -> 0;
      case DataRequest.Discard discard -> 0;
    };
  }

  private void reply(DataRequest request, DataResponder responder, DataReply reply) {
    String operation =
        switch (request.operation()) {
          case DataRequest.Read read -> READ;
          case DataRequest.Write write -> WRITE;
          case DataRequest.WriteZeroes zeroes -> WRITE_ZEROES;
          case DataRequest.Discard discard -> DISCARD;
        };
    metrics.replied(operation, Replies.outcome(reply));
    responder.reply(reply);
  }
}
