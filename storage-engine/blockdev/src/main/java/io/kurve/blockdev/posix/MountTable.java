package io.kurve.blockdev.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What is mounted, read from a mountinfo file:
 *
 * <pre>
 *   36 35 7:0 /root /mount\040point rw,noatime shared:1 - ext4 /dev/loop0 rw
 *         |         |                                     |    |
 *         device    point, blanks as \040                 type source
 * </pre>
 */
public record MountTable(List<Mount> mounts) {
  /**
   * @param device major and minor number with a colon between them
   */
  public record Mount(String device, String point, String type, String source) {}

  public MountTable {
    mounts = List.copyOf(mounts);
  }

  /** Of this process's mount namespace. */
  public static MountTable own() throws IOException {
    return parse(Files.readAllLines(Path.of("/proc/self/mountinfo")));
  }

  public static MountTable parse(List<String> mountInfo) {
    List<Mount> mounts = new ArrayList<>();
    for (String line : mountInfo) {
      int separator = line.indexOf(" - ");
      if (separator < 0) {
        continue;
      }
      String[] mount = line.substring(0, separator).split(" ", -1);
      String[] source = line.substring(separator + " - ".length()).split(" ", -1);
      if (mount.length > 4 && source.length > 1) {
        mounts.add(new Mount(mount[2], unescape(mount[4]), source[0], unescape(source[1])));
      }
    }
    return new MountTable(mounts);
  }

  private static String unescape(String text) {
    StringBuilder plain = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '\\' && i + 3 < text.length()) {
        plain.append((char) Integer.parseInt(text.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        plain.append(text.charAt(i));
      }
    }
    return plain.toString();
  }
}
