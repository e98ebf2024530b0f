package io.kurve.dist.process;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** What nobody should send, to every port and socket of a playground. */
final class HostileInput implements AutoCloseable {
  private static final int PORTS_OF_A_CHUNKSERVER = 3;
  private static final int SILENT_CONNECTIONS = 5;

  private final List<SocketChannel> silent = new ArrayList<>();

  /** Garbage, half a frame, huge lengths, in the languages of all ports. */
  static Map<String, byte[]> messages() {
    Map<String, byte[]> messages = new LinkedHashMap<>();
    byte[] garbage = new byte[64 << 10];
    new Random(7).nextBytes(garbage);
    messages.put("garbage", garbage);
    messages.put("zeros", new byte[4096]);
    HexFormat hex = HexFormat.of();
    // "KRVF", version 1, type 16: half a header; lengths of 2 GiB and 4 GiB.
    messages.put("half a frame", hex.parseHex("4b52564601100000"));
    messages.put(
        "a frame with huge lengths",
        hex.parseHex("4b525646" + "01100000" + "7fffffff" + "ffffffff" + "00".repeat(16)));
    String preface =
        hex.formatHex("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    messages.put("half an HTTP/2 frame", hex.parseHex(preface + "00000c04"));
    messages.put(
        "an HTTP/2 frame with a huge length",
        hex.parseHex(preface + "ffffff" + "04" + "00".repeat(64)));
    messages.put("HTTP garbage", "GET /\0\0 HTTP/9.9\r\n".getBytes(StandardCharsets.US_ASCII));
    messages.put(
        "a huge HTTP request",
        ("POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\nX: " + "x".repeat(200_000))
            .getBytes(StandardCharsets.US_ASCII));
    return messages;
  }

  static List<SocketAddress> doors(TestPlayground playground) throws Exception {
    Set<SocketAddress> doors = new LinkedHashSet<>();
    for (JsonNode process : playground.status().get("processes")) {
      String role = process.get("role").asText();
      if (role.equals("keeper")) {
        continue; // sockets of its kind, Java has none of; only its owner may connect
      }
      int metrics = port(process.get("metrics").asText());
      doors.add(new InetSocketAddress("127.0.0.1", metrics));
      if (role.equals("volume-host")) {
        Path socket =
            playground.directory().resolve(process.get("name").asText()).resolve("run/api.sock");
        doors.add(UnixDomainSocketAddress.of(socket));
      } else {
        int first = port(process.get("address").asText());
        int count = role.equals("chunkserver") ? PORTS_OF_A_CHUNKSERVER : 1;
        for (int port = first; port < first + count; port++) {
          doors.add(new InetSocketAddress("127.0.0.1", port));
        }
      }
    }
    return List.copyOf(doors);
  }

  private static int port(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  /** The server may close the connection while we still write. */
  void send(SocketAddress door, byte[] message) throws IOException {
    try (SocketChannel channel = SocketChannel.open(door)) {
      ByteBuffer bytes = ByteBuffer.wrap(message);
      try {
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      } catch (IOException refused) {
        return;
      }
    }
  }

  /** Connects, and says half a word or nothing, for as long as this is open. */
  void hold(SocketAddress door) throws IOException {
    for (int i = 0; i < SILENT_CONNECTIONS; i++) {
      SocketChannel channel = SocketChannel.open(door);
      silent.add(channel);
      if (i % 2 == 0) {
        channel.write(ByteBuffer.wrap("KRVF".getBytes(StandardCharsets.US_ASCII)));
      }
    }
  }

  @Override
  public void close() throws IOException {
    for (SocketChannel channel : silent) {
      channel.close();
    }
  }
}
