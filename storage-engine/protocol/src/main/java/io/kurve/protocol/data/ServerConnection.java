package io.kurve.protocol.data;

import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.protocol.convert.BadMessage;
import io.kurve.protocol.convert.DataMessages;
import io.kurve.protocol.convert.ReplicaFrames;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameConnection;
import io.kurve.protocol.frame.FrameType;
import io.kurve.protocol.frame.Outbox;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Peer;
import io.kurve.protocol.handshake.Purpose;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.timeout.IdleStateEvent;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An authenticated connection: checks each request, bounds what is in flight, sends answers as they
 * come, in any order. A request counts as in flight until its answer has left for the socket, so a
 * peer that does not read can't make answers pile up.
 */
final class ServerConnection extends SimpleChannelInboundHandler<Frame> {
  private static final Logger log = LoggerFactory.getLogger(ServerConnection.class);

  record Services(DataHandler data, Optional<PeerServices> peers, StoreGenerations generations) {}

  private final FrameConnection connection;
  private final Outbox outbox;
  private final Peer peer;
  private final Identity self;
  private final DataServerConfig config;
  private final Services services;
  private final WireMetrics metrics;
  private final Optional<PeerHandler.Sender> sender;
  private int inFlight;
  private long inFlightBytes;

  ServerConnection(
      FrameConnection connection,
      EventLoop loop,
      Peer peer,
      Identity self,
      DataServerConfig config,
      Services services,
      WireMetrics metrics) {
    this.connection = connection;
    this.outbox = new Outbox(loop, connection::flush);
    this.peer = peer;
    this.self = self;
    this.config = config;
    this.services = services;
    this.metrics = metrics;
    this.sender = sender(peer);
  }

  /** Empty for all but registered chunkservers. */
  static Optional<PeerHandler.Sender> sender(Peer peer) {
    return Purpose.PEER_MESSAGES.isFor(peer.role())
        ? peer.replica()
            .flatMap(r -> peer.generation().map(start -> new PeerHandler.Sender(r, start)))
        : Optional.empty();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, Frame frame) {
    switch (frame.type()) {
      case PING -> connection.send(Frame.of(FrameType.PONG, frame.correlation(), new byte[0]));
      case DATA_REQUEST -> data(frame);
      case PEER_REQUEST -> peerMessage(frame);
      case REPLICA_REQUEST -> replicaRequest(frame);
      case HELLO, CHALLENGE, PROOF, WELCOME, REFUSED, PONG, DATA_REPLY, PEER_REPLY, REPLICA_REPLY ->
          throw new BadMessage("a " + frame.type() + " frame is not for a server");
    }
  }

  private void data(Frame frame) {
    DataRequest request;
    try {
      request = DataMessages.request(frame.header(), frame.payload());
    } catch (BadMessage bad) {
      answer(frame, failed(ErrorCode.INVALID_ARGUMENT, bad.getMessage() + " (from " + peer + ")"));
      return;
    }
    Optional<DataReply> refused = refusal(request);
    if (refused.isPresent()) {
      answer(frame, refused.get());
      return;
    }
    int bytes =
        switch (request.operation()) {
          case DataRequest.Read read -> read.length();
          case DataRequest.Write write -> write.length();
          case DataRequest.WriteZeroes _, DataRequest.Discard _ -> 0;
        };
    if (!admit(bytes)) {
      answer(frame, failed(ErrorCode.OVERLOAD, overloadText()));
      return;
    }
    AtomicBoolean answered = new AtomicBoolean();
    services.data.handle(
        request,
        reply -> {
          if (!answered.compareAndSet(false, true)) {
            throw new IllegalStateException(request.context().id() + " is answered twice");
          }
          Frame out =
              new Frame(
                  FrameType.DATA_REPLY,
                  frame.correlation(),
                  DataMessages.header(reply),
                  DataMessages.payload(reply));
          dispatch(() -> connection.write(out, () -> done(bytes)));
        });
  }

  private Optional<DataReply> refusal(DataRequest request) {
    DataRequest.Context context = request.context();
    if (!context.cluster().equals(self.cluster())) {
      return Optional.of(
          failed(
              ErrorCode.REFUSED,
              "request for cluster " + context.cluster() + " at cluster " + self.cluster()));
    }
    Optional<DataReply> wrongStore = wrongStore(context.target()).map(DataReply.class::cast);
    if (wrongStore.isPresent()) {
      return wrongStore;
    }
    if (request.operation() instanceof DataRequest.Write write) {
      int[] arrived = BlockChecksum.ofBlocks(write.data());
      int damaged = Arrays.mismatch(arrived, write.checksums());
      if (damaged >= 0) {
        metrics.checksumMismatch(DataServer.SIDE);
        String text =
            String.format(
                "block %d of write %s from %s has CRC32C 0x%08x on arrival, 0x%08x at its sender",
                damaged, context.id(), peer, arrived[damaged], write.checksums()[damaged]);
        log.warn("{}", text);
        return Optional.of(failed(ErrorCode.UNAVAILABLE, text));
      }
    }
    return Optional.empty();
  }

  private Optional<DataReply.Failed> wrongStore(StoreId target) {
    return self.store().equals(Optional.of(target))
        ? Optional.empty()
        : Optional.of(
            failed(
                ErrorCode.REFUSED,
                "request for store " + target + ", here is " + self.store().orElse(null)));
  }

  private static DataReply.Failed failed(ErrorCode code, String why) {
    return new DataReply.Failed(code, Optional.empty(), why);
  }

  private void peerMessage(Frame frame) {
    PeerServices peers = requireChunkserver();
    ReplicaFrames.PeerMessage message = ReplicaFrames.peerRequest(frame);
    if (!self.store().equals(Optional.of(message.target()))) {
      connection.send(
          ReplicaFrames.peerFailure(frame.correlation(), "not store " + message.target()));
      return;
    }
    peers
        .log()
        .received(
            sender.orElseThrow(),
            message.copyset(),
            message.kind(),
            frame.payload(),
            message.remaining(),
            reply -> {
              Frame out = ReplicaFrames.peerReply(frame.correlation(), reply);
              dispatch(() -> connection.write(out, () -> {}));
            });
  }

  private PeerServices requireChunkserver() {
    if (sender.isEmpty() || services.peers.isEmpty()) {
      throw new BadMessage("only registered chunkservers send each other messages");
    }
    StoreId store = sender.get().replica().store();
    StoreGeneration generation = sender.get().generation();
    StoreGenerations.Highest highest = services.generations.of(store);
    if (highest.isOver(generation)) {
      metrics.staleStart(DataServer.SIDE);
      throw new BadMessage(highest.why(store, generation));
    }
    return services.peers.get();
  }

  private void replicaRequest(Frame frame) {
    PeerServices peers = requireChunkserver();
    ReplicaFrames.ReplicaRequest request = ReplicaFrames.replicaRequest(frame);
    if (!self.store().equals(Optional.of(request.target()))) {
      answerReplica(
          frame,
          new KurveException(ErrorCode.REFUSED, "not store " + request.target(), "look it up"));
      return;
    }
    int bytes = request.expectedBytes();
    if (!admit(bytes)) {
      answerReplica(
          frame, new KurveException(ErrorCode.OVERLOAD, overloadText(), "come back later"));
      return;
    }
    var unused =
        request
            .dispatch(peers.replica(), frame.correlation())
            .thenAccept(out -> dispatch(() -> connection.write(out, () -> done(bytes))));
  }

  private void answerReplica(Frame frame, KurveException failure) {
    connection.send(ReplicaFrames.replicaFailure(frame.correlation(), failure));
  }

  private boolean admit(int bytes) {
    if (inFlight >= config.maxInFlightPerConnection()
        || (inFlight > 0 && inFlightBytes + bytes > config.maxInFlightBytesPerConnection())) {
      metrics.overload(DataServer.SIDE);
      return false;
    }
    inFlight++;
    inFlightBytes += bytes;
    return true;
  }

  private void done(int bytes) {
    inFlight--;
    inFlightBytes -= bytes;
  }

  private String overloadText() {
    return inFlight + " requests with " + inFlightBytes + " bytes are in flight from " + peer;
  }

  private void answer(Frame request, DataReply reply) {
    connection.send(
        new Frame(
            FrameType.DATA_REPLY,
            request.correlation(),
            DataMessages.header(reply),
            DataMessages.payload(reply)));
  }

  private void dispatch(Runnable task) {
    if (!outbox.execute(task)) {
      connection.close();
    }
  }

  /** Who does not take its answers is not listened to. */
  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    context.channel().config().setAutoRead(context.channel().isWritable());
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof IdleStateEvent) {
      log.info(
          "closing connection with {}: silent for {} ms", peer, config.silenceTime().toMillis());
      connection.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof IOException || cause instanceof BadMessage) {
      log.warn("closing connection with {}: {}", peer, cause.getMessage());
    } else {
      log.error("closing connection with {}", peer, cause);
    }
    connection.close();
  }
}
