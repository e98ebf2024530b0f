package io.kurve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * A golden file that was checked in once is what some cluster has on its disks, or says to another
 * version: it never changes and never goes. What a format or a message gets new comes as another
 * file, beside it; the tests of its room read both.
 *
 * <p>The list has them in the form of {@code sha256sum}.
 */
final class GoldenFilesTest {
  private static final Path ROOMS = Path.of("..", "storage-engine");
  private static final Path LIST = Path.of("src/test/resources/golden.sha256");

  @Test
  void noneIsChangedOrGoneAndEachIsInTheList() throws Exception {
    Map<String, String> listed = listed();
    Map<String, String> found = found();
    assertThat(listed).as("golden files of all rooms").hasSizeGreaterThan(80);
    for (Map.Entry<String, String> file : listed.entrySet()) {
      assertThat(found)
          .as("%s was checked in with this content; add another file for another", file.getKey())
          .containsEntry(file.getKey(), file.getValue());
    }
    found.keySet().removeAll(listed.keySet());
    assertThat(found).as("new ones: add a line for each to dist/%s", LIST).isEmpty();
  }

  private static Map<String, String> listed() throws IOException {
    Map<String, String> listed = new TreeMap<>();
    for (String line : Files.readAllLines(LIST)) {
      String[] parts = line.split(" {2}", 2);
      assertThat(listed.put(parts[1], parts[0])).as(parts[1]).isNull();
    }
    return listed;
  }

  private static Map<String, String> found() throws IOException, NoSuchAlgorithmException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> rooms = Files.list(ROOMS)) {
      for (Path room : rooms.toList()) {
        Path golden = room.resolve("src/test/resources/golden");
        if (Files.isDirectory(golden)) {
          found.putAll(in(room.getFileName().toString(), golden));
        }
      }
    }
    return found;
  }

  private static Map<String, String> in(String room, Path golden)
      throws IOException, NoSuchAlgorithmException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> files = Files.list(golden)) {
      for (Path file : files.toList()) {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
        found.put(room + "/" + file.getFileName(), HexFormat.of().formatHex(hash));
      }
    }
    return found;
  }
}
