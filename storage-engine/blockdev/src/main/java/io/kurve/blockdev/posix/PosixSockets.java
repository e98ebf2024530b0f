package io.kurve.blockdev.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Unix sockets whose messages keep their borders and can carry descriptors, which Java's own can't
 * do.
 *
 * <pre>
 * msghdr (56 bytes)                     control message with descriptors
 *   0  name, u32 length                   0  u64 length, header included
 *  16  parts: {address, length}           8  i32 SOL_SOCKET, i32 SCM_RIGHTS
 *  24  u64 number of parts               16  i32 for each descriptor
 *  32  control, u64 length
 *  48  i32 flags
 * </pre>
 */
public final class PosixSockets {
  /** The longest message. */
  public static final int MESSAGE_BYTES = 4096;

  /** The most descriptors in one message. */
  public static final int MESSAGE_DESCRIPTORS = 4;

  private static final int AF_UNIX = 1;
  private static final int SOCK_SEQPACKET_CLOEXEC = 5 | 0x80000;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int SO_PEERCRED = 17;
  private static final int SHUT_RDWR = 2;
  private static final int MSG_CTRUNC = 8;
  private static final int MSG_TRUNC = 0x20;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int PATH_BYTES = 107;
  private static final int BACKLOG = 16;
  private static final long HEADER_BYTES = 56;
  private static final long CONTROL_HEADER_BYTES = 16;

  private static final MethodHandle SOCKET =
      Posix.of("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle BIND = Posix.of("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle LISTEN = Posix.of("listen", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle CONNECT =
      Posix.of("connect", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle ACCEPT =
      Posix.of("accept4", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
  private static final MethodHandle SHUTDOWN = Posix.of("shutdown", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle GETSOCKOPT =
      Posix.of("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle SENDMSG =
      Posix.of("sendmsg", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle RECVMSG =
      Posix.of("recvmsg", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);

  /** The process at the other end, when it connected. */
  public record Peer(long pid, int user) {}

  /**
   * @param descriptors the receiver's own, close-on-exec, in the sender's order
   */
  public record Message(byte[] bytes, List<Integer> descriptors) {}

  /** The path must be free. */
  public int listen(String path) throws PosixException {
    return open(
        path,
        (socket, address) -> {
          Posix.check(
              "bind " + path, c -> (int) BIND.invokeExact(c, socket, address, length(address)));
          Posix.check("listen " + path, c -> (int) LISTEN.invokeExact(c, socket, BACKLOG));
        });
  }

  public int connect(String path) throws PosixException {
    return open(
        path,
        (socket, address) ->
            Posix.check(
                "connect " + path,
                c -> (int) CONNECT.invokeExact(c, socket, address, length(address))));
  }

  /** Waits for the next one. */
  public int accept(int listener) throws PosixException {
    return (int)
        Posix.checked(
            "accept",
            c ->
                (int)
                    ACCEPT.invokeExact(
                        c, listener, MemorySegment.NULL, MemorySegment.NULL, SOCK_CLOEXEC));
  }

  /** Ends what both ends do with it; who waits in it comes back. */
  public void shutDown(int socket) throws PosixException {
    Posix.check("shutdown", c -> (int) SHUTDOWN.invokeExact(c, socket, SHUT_RDWR));
  }

  public Peer peer(int socket) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment credentials = arena.allocate(12, 4);
      MemorySegment size = arena.allocate(JAVA_INT);
      size.set(JAVA_INT, 0, 12);
      Posix.check(
          "getsockopt SO_PEERCRED",
          c -> (int) GETSOCKOPT.invokeExact(c, socket, SOL_SOCKET, SO_PEERCRED, credentials, size));
      return new Peer(credentials.get(JAVA_INT, 0), credentials.get(JAVA_INT, 4));
    }
  }

  /** Does not wait: a peer that reads nothing gets nothing. */
  public void send(int socket, byte[] bytes, List<Integer> descriptors) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment header = header(arena, bytes.length, descriptors.size());
      part(header).copyFrom(MemorySegment.ofArray(bytes));
      if (!descriptors.isEmpty()) {
        MemorySegment control = control(header);
        control.set(JAVA_LONG, 0, CONTROL_HEADER_BYTES + 4L * descriptors.size());
        control.set(JAVA_INT, 8, SOL_SOCKET);
        control.set(JAVA_INT, 12, SCM_RIGHTS);
        for (int i = 0; i < descriptors.size(); i++) {
          control.set(JAVA_INT, CONTROL_HEADER_BYTES + 4L * i, descriptors.get(i));
        }
      }
      long ignored =
          Posix.checked(
              "sendmsg",
              c -> (long) SENDMSG.invokeExact(c, socket, header, MSG_NOSIGNAL | MSG_DONTWAIT));
    }
  }

  /**
   * Waits for the next message.
   *
   * @return empty when the other end is closed
   */
  public Optional<Message> receive(int socket) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment header = header(arena, MESSAGE_BYTES, MESSAGE_DESCRIPTORS);
      long count =
          Posix.checked(
              "recvmsg", c -> (long) RECVMSG.invokeExact(c, socket, header, MSG_CMSG_CLOEXEC));
      List<Integer> descriptors = descriptorsOf(header);
      if (count == 0) {
        return Optional.empty();
      }
      if ((header.get(JAVA_INT, 48) & (MSG_CTRUNC | MSG_TRUNC)) != 0) {
        for (int descriptor : descriptors) {
          new Posix().close(descriptor);
        }
        throw new PosixException("recvmsg: a message was cut off", Errno.EINVAL.number());
      }
      return Optional.of(
          new Message(part(header).asSlice(0, count).toArray(JAVA_BYTE), descriptors));
    }
  }

  private static List<Integer> descriptorsOf(MemorySegment header) {
    List<Integer> descriptors = new ArrayList<>();
    long controlBytes = header.get(JAVA_LONG, 40);
    if (controlBytes >= CONTROL_HEADER_BYTES) {
      MemorySegment control = control(header);
      if (control.get(JAVA_INT, 8) == SOL_SOCKET && control.get(JAVA_INT, 12) == SCM_RIGHTS) {
        for (long at = CONTROL_HEADER_BYTES; at + 4 <= control.get(JAVA_LONG, 0); at += 4) {
          descriptors.add(control.get(JAVA_INT, at));
        }
      }
    }
    return descriptors;
  }

  /** A header with one part and room for so many descriptors. */
  private static MemorySegment header(Arena arena, int bytes, int descriptors) {
    MemorySegment header = arena.allocate(HEADER_BYTES, 8);
    MemorySegment part = arena.allocate(16, 8);
    part.set(ADDRESS, 0, arena.allocate(bytes, 8));
    part.set(JAVA_LONG, 8, bytes);
    header.set(ADDRESS, 16, part);
    header.set(JAVA_LONG, 24, 1);
    if (descriptors > 0) {
      long space = CONTROL_HEADER_BYTES + (4L * descriptors + 7) / 8 * 8;
      header.set(ADDRESS, 32, arena.allocate(space, 8));
      header.set(JAVA_LONG, 40, space);
    }
    return header;
  }

  private static MemorySegment part(MemorySegment header) {
    MemorySegment part = header.get(ADDRESS, 16).reinterpret(16);
    return part.get(ADDRESS, 0).reinterpret(part.get(JAVA_LONG, 8));
  }

  private static MemorySegment control(MemorySegment header) {
    return header
        .get(ADDRESS, 32)
        .reinterpret(CONTROL_HEADER_BYTES + (4L * MESSAGE_DESCRIPTORS + 7) / 8 * 8);
  }

  private interface Use {
    void of(int socket, MemorySegment address) throws PosixException;
  }

  private static int open(String path, Use use) throws PosixException {
    byte[] name = path.getBytes(StandardCharsets.UTF_8);
    if (name.length > PATH_BYTES) {
      throw new PosixException("socket " + path, Errno.EINVAL.number());
    }
    int socket =
        (int)
            Posix.checked(
                "socket " + path,
                c -> (int) SOCKET.invokeExact(c, AF_UNIX, SOCK_SEQPACKET_CLOEXEC, 0));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(2L + name.length + 1, 2);
      address.set(JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(name, 0, address, JAVA_BYTE, 2, name.length);
      use.of(socket, address);
      return socket;
    } catch (PosixException e) {
      new Posix().close(socket);
      throw e;
    }
  }

  private static int length(MemorySegment address) {
    return (int) address.byteSize();
  }
}
