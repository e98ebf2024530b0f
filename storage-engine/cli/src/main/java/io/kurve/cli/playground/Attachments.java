package io.kurve.cli.playground;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/** Which volume was attached on which host, so that up can do it again. */
final class Attachments {
  private final Path file;

  Attachments(Path file) {
    this.file = file;
  }

  /** Host by volume. */
  Map<String, String> read() throws IOException {
    Map<String, String> hosts = new TreeMap<>();
    if (Files.exists(file)) {
      for (String line : Files.readAllLines(file)) {
        int space = line.indexOf(' ');
        if (space > 0) {
          hosts.put(line.substring(0, space), line.substring(space + 1));
        }
      }
    }
    return hosts;
  }

  void put(String volume, String host) throws IOException {
    try (PlaygroundLock _ = lock()) {
      Map<String, String> hosts = read();
      hosts.put(volume, host);
      write(hosts);
    }
  }

  void remove(String volume) throws IOException {
    try (PlaygroundLock _ = lock()) {
      Map<String, String> hosts = read();
      if (hosts.remove(volume) != null) {
        write(hosts);
      }
    }
  }

  /** Its own: a detach by force must get through while another command hangs in a stall. */
  private PlaygroundLock lock() throws IOException {
    return PlaygroundLock.take(
        file.resolveSibling(file.getFileName() + ".lock"), Duration.ofSeconds(10));
  }

  private void write(Map<String, String> hosts) throws IOException {
    StringBuilder lines = new StringBuilder();
    hosts.forEach((volume, host) -> lines.append(volume).append(' ').append(host).append('\n'));
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(fresh, lines);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
