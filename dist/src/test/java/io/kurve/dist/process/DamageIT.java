package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.dist.process.Shell.Result;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bits flip on the disks. */
final class DamageIT {
  private static final int BLOCK_BYTES = 4096;
  private static final String MARKER = "a block that is nowhere else 5d1f9c";
  private static final List<String> CHUNKSERVERS =
      List.of("chunkserver-1", "chunkserver-2", "chunkserver-3");

  @TempDir Path folder = Path.of("");

  @Test
  void aFlippedBitIsRepairedAndOnAllReplicasItIsAnErrorNeverWrongBytes() throws Exception {
    try (TestPlayground playground =
        TestPlayground.up(folder, "--size", "64MiB", "--disk-size", "1GiB")) {
      byte[] block = MARKER.repeat(200).getBytes(StandardCharsets.US_ASCII);
      byte[] content = java.util.Arrays.copyOf(block, BLOCK_BYTES);
      Path file = Files.write(folder.resolve("block"), content);
      String device = playground.device();
      Shell.run("dd", "if=" + file, "of=" + device, "bs=4k", "seek=5", "oflag=direct").ok();

      String leader = "";
      for (String chunkserver : CHUNKSERVERS) {
        double writes =
            playground.metric(
                chunkserver,
                "kurve_chunkserver_replies_total",
                "operation=\"write\",outcome=\"done\"");
        if (writes > 0) {
          leader = chunkserver;
        }
      }
      flip(playground, leader);
      assertThat(read(device, 5)).isEqualTo(content);
      assertThat(playground.metric(leader, "kurve_chunkserver_repaired_blocks_total", ""))
          .isEqualTo(1);
      assertThat(playground.log(leader))
          .containsPattern(leader + ": block 5 of .* is repaired from a peer");

      for (String chunkserver : CHUNKSERVERS) {
        flip(playground, chunkserver);
      }
      Result failed =
          Shell.run(
              "dd", "if=" + device, "of=/dev/null", "bs=4k", "skip=5", "count=1", "iflag=direct");
      assertThat(failed.exit()).isNotZero();
      assertThat(failed.err()).contains("Input/output error");
      assertThat(read(device, 4)).isEqualTo(new byte[BLOCK_BYTES]);
    }
  }

  private byte[] read(String device, int block) throws Exception {
    Path copy = folder.resolve("copy");
    Shell.run(
            "dd", "if=" + device, "of=" + copy, "bs=4k", "skip=" + block, "count=1", "iflag=direct")
        .ok();
    return Files.readAllBytes(copy);
  }

  /** In the slot: the log, which has the block too, lies before all slots. */
  private static void flip(TestPlayground playground, String chunkserver) throws Exception {
    Path disk = playground.directory().resolve(chunkserver).resolve("disk");
    long offset = lastMarker(disk);
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
      file.seek(offset + MARKER.length() - 1);
      int value = file.readUnsignedByte();
      file.seek(offset + MARKER.length() - 1);
      file.write(value ^ 4);
    }
  }

  private static long lastMarker(Path disk) throws Exception {
    String found = Shell.run("grep", "-obUaF", MARKER, disk.toString()).ok().out();
    String[] lines = found.strip().split("\n");
    return Long.parseLong(lines[lines.length - 1].split(":", 2)[0]);
  }
}
