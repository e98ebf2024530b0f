package io.kurve.blockdev.keeper;

import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.blockdev.posix.PosixSockets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** One end of a connection between a keeper and a volume host, or an operator. */
public final class KeeperChannel implements AutoCloseable {
  private final Posix posix = new Posix();
  private final PosixSockets sockets;
  private final int socket;
  private final AtomicBoolean ended = new AtomicBoolean();

  KeeperChannel(PosixSockets sockets, int socket) {
    this.sockets = sockets;
    this.socket = socket;
  }

  public static KeeperChannel connect(Path path) throws PosixException {
    PosixSockets sockets = new PosixSockets();
    return new KeeperChannel(sockets, sockets.connect(path.toString()));
  }

  /**
   * @param descriptors the receiver's own
   */
  public record Received(KeeperMessage message, List<Integer> descriptors) {}

  /** Waits for the next; empty when the other end, or this one, has ended. */
  public Optional<Received> receive() throws PosixException {
    return sockets
        .receive(socket)
        .map(message -> new Received(KeeperCodec.decode(message.bytes()), message.descriptors()));
  }

  public void send(KeeperMessage message, Integer... descriptors) throws PosixException {
    sockets.send(socket, KeeperCodec.encode(message), List.of(descriptors));
  }

  public PosixSockets.Peer peer() throws PosixException {
    return sockets.peer(socket);
  }

  /** Both ends see the end; who receives here comes back, and closes. */
  public void end() throws PosixException {
    if (ended.compareAndSet(false, true)) {
      sockets.shutDown(socket);
    }
  }

  /** By whoever receives, and nobody else uses it any more. */
  @Override
  public void close() throws PosixException {
    posix.close(socket);
  }
}
