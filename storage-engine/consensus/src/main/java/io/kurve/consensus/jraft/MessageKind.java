package io.kurve.consensus.jraft;

import com.alipay.sofa.jraft.rpc.RpcRequests.AppendEntriesRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.AppendEntriesResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.ErrorResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.InstallSnapshotRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.InstallSnapshotResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.RequestVoteRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.RequestVoteResponse;
import com.alipay.sofa.jraft.rpc.RpcRequests.TimeoutNowRequest;
import com.alipay.sofa.jraft.rpc.RpcRequests.TimeoutNowResponse;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Raft's messages between chunkservers. A wire format: numbers are never reused and keep their
 * meaning.
 *
 * <pre>
 *  kind  request                                     reply
 *   1    AppendEntriesRequest (also heartbeats)      AppendEntriesResponse
 *   2    RequestVoteRequest (also pre-votes)         RequestVoteResponse
 *   3    RequestVoteRequest of a candidate that the
 *        leader named and gave its lease up for      RequestVoteResponse
 *   4    TimeoutNowRequest                           TimeoutNowResponse
 *   5    InstallSnapshotRequest                      InstallSnapshotResponse
 *
 *  request: protobuf message
 *  reply:   u8 status | protobuf message; status 0: the reply above, 1: ErrorResponse
 * </pre>
 */
enum MessageKind {
  APPEND_ENTRIES(1, AppendEntriesRequest.parser(), AppendEntriesResponse.parser()),
  REQUEST_VOTE(2, RequestVoteRequest.parser(), RequestVoteResponse.parser()),
  REQUEST_VOTE_RELEASED(3, RequestVoteRequest.parser(), RequestVoteResponse.parser()),
  TIMEOUT_NOW(4, TimeoutNowRequest.parser(), TimeoutNowResponse.parser()),
  INSTALL_SNAPSHOT(5, InstallSnapshotRequest.parser(), InstallSnapshotResponse.parser());

  /** Protobuf's number for a field that begins with its length. */
  private static final int LENGTH_DELIMITED = 2;

  private static final byte STATUS_REPLY = 0;
  private static final byte STATUS_ERROR = 1;

  private final int number;
  private final Parser<? extends Message> requests;
  private final Parser<? extends Message> replies;

  MessageKind(int number, Parser<? extends Message> requests, Parser<? extends Message> replies) {
    this.number = number;
    this.requests = requests;
    this.replies = replies;
  }

  int number() {
    return number;
  }

  static @Nullable MessageKind of(int number) {
    for (MessageKind kind : values()) {
      if (kind.number == number) {
        return kind;
      }
    }
    return null;
  }

  /**
   * In parts, of which the last are the entries' bytes, uncopied: the field with the last number.
   */
  static List<ByteBuffer> encodeRequest(Message request) {
    if (!(request instanceof AppendEntriesRequest append) || append.getData().isEmpty()) {
      return List.of(encode(request, new byte[0]));
    }
    byte[] tag = new byte[10];
    CodedOutputStream output = CodedOutputStream.newInstance(tag);
    try {
      output.writeTag(AppendEntriesRequest.DATA_FIELD_NUMBER, LENGTH_DELIMITED);
      output.writeUInt32NoTag(append.getData().size());
    } catch (IOException impossible) {
      throw new UncheckedIOException("two numbers are longer than ever", impossible);
    }
    List<ByteBuffer> parts = new ArrayList<>(2);
    parts.add(
        encode(
            append.toBuilder().clearData().build(),
            Arrays.copyOf(tag, output.getTotalBytesWritten())));
    parts.addAll(SharedParts.of(append.getData()));
    return parts;
  }

  private static ByteBuffer encode(Message message, byte[] end) {
    ByteBuffer buffer = ByteBuffer.allocate(message.getSerializedSize() + end.length);
    write(message, buffer.slice(0, buffer.capacity() - end.length));
    return buffer.position(buffer.capacity() - end.length).put(end).flip();
  }

  /** The message shares the buffer's memory: to be used before the buffer is. */
  Message decodeRequest(ByteBuffer request) throws InvalidProtocolBufferException {
    return parse(requests, request);
  }

  static ByteBuffer encodeReply(Message reply) {
    ByteBuffer buffer = ByteBuffer.allocate(1 + reply.getSerializedSize());
    buffer.put(reply instanceof ErrorResponse ? STATUS_ERROR : STATUS_REPLY);
    write(reply, buffer);
    return buffer.flip();
  }

  Message decodeReply(ByteBuffer reply) throws InvalidProtocolBufferException {
    ByteBuffer buffer = reply.slice();
    byte status = buffer.hasRemaining() ? buffer.get() : -1;
    return switch (status) {
      case STATUS_REPLY -> parse(replies, buffer);
      case STATUS_ERROR -> parse(ErrorResponse.parser(), buffer);
      default -> throw new InvalidProtocolBufferException("unknown reply status " + status);
    };
  }

  private static Message parse(Parser<? extends Message> parser, ByteBuffer bytes)
      throws InvalidProtocolBufferException {
    // Only of what is said to be immutable are parts shared instead of copied.
    CodedInputStream input = UnsafeByteOperations.unsafeWrap(bytes.slice()).newCodedInput();
    input.enableAliasing(true);
    return parser.parseFrom(input);
  }

  private static void write(Message message, ByteBuffer buffer) {
    CodedOutputStream output = CodedOutputStream.newInstance(buffer);
    try {
      message.writeTo(output);
      output.flush();
    } catch (IOException impossible) {
      throw new UncheckedIOException("a buffer of the message's own size is too small", impossible);
    }
  }
}
