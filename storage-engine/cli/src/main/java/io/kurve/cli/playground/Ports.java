package io.kurve.cli.playground;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Finds ports that nobody listens on. */
final class Ports {
  /** Below the range that outgoing connections take theirs from. */
  private static final int FIRST = 21000;

  private static final int LAST = 31000;

  private Ports() {}

  /** The first of so many free ports in a row; the search begins where the hint says. */
  static int free(int count, int hint) {
    int span = LAST - FIRST - count;
    for (int tried = 0; tried < span; tried += count) {
      int base = FIRST + Math.floorMod(hint + tried, span);
      if (firstBusy(base, count) < 0) {
        return base;
      }
    }
    throw new KurveException(
        ErrorCode.UNAVAILABLE,
        "no " + count + " free ports in a row between " + FIRST + " and " + LAST,
        "name the first with --base-port");
  }

  static void requireFree(int base, int count) {
    int busy = firstBusy(base, count);
    if (busy >= 0) {
      throw busy(busy);
    }
  }

  static KurveException busy(int port) {
    return new KurveException(
        ErrorCode.IN_USE,
        "port " + port + " is in use by another program",
        "end that program (ss -ltnp 'sport = :"
            + port
            + "' names it), or make a playground with --base-port in another folder");
  }

  private static int firstBusy(int base, int count) {
    for (int port = base; port < base + count; port++) {
      if (isBusy(port)) {
        return port;
      }
    }
    return -1;
  }

  static boolean isBusy(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
