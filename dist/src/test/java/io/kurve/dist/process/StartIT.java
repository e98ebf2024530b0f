package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.dist.process.Shell.Result;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** What a server or a playground finds when it starts, and says in one line. */
@TestInstance(Lifecycle.PER_CLASS)
final class StartIT {
  private static final int PAGE_BYTES = 4096;
  private static final int VERSION_OFFSET = 8;

  private TestPlayground playground;

  @BeforeAll
  void make(@TempDir Path folder) throws Exception {
    playground = TestPlayground.up(folder, "--size", "64MiB", "--disk-size", "512MiB");
    playground.kurve("playground", "down").ok();
  }

  @AfterAll
  void remove() throws Exception {
    playground.close();
  }

  private Path disk(int number) {
    return playground.directory().resolve("chunkserver-" + number).resolve("disk");
  }

  @Test
  void aStoreOfAStoppedChunkserverIsCheckedAndClean() throws Exception {
    Result checked = Shell.kurve("store", "check", disk(1).toString()).ok();
    assertThat(checked.out()).contains("clean").contains("records of the log");
    assertThat(Shell.kurve("store", "inspect", disk(1).toString()).ok().out())
        .contains("closed cleanly");
  }

  @Test
  void whatIsNoStoreOfThisClusterIsRefusedAndNotTouched(@TempDir Path folder) throws Exception {
    String cluster = "00000000-0000-4000-8000-000000000001";
    assertThat(refusal(copy(folder.resolve("other-cluster"), disk(1)), cluster)).contains(cluster);

    Path truncated = copy(folder.resolve("truncated"), disk(1));
    try (RandomAccessFile file = new RandomAccessFile(truncated.toFile(), "rw")) {
      file.setLength(file.length() / 2);
    }
    assertThat(refusal(truncated, ownCluster())).contains("bytes");

    Path newer = copy(folder.resolve("newer"), disk(1));
    raiseVersion(newer, 0);
    raiseVersion(newer, Files.size(newer) / PAGE_BYTES * PAGE_BYTES - PAGE_BYTES);
    assertThat(refusal(newer, ownCluster())).contains("format version 2").contains("up to 1");

    Path foreign = folder.resolve("foreign");
    try (RandomAccessFile file = new RandomAccessFile(foreign.toFile(), "rw")) {
      file.setLength(128 << 20);
    }
    Shell.run("mkfs.ext4", "-q", "-F", foreign.toString()).ok();
    assertThat(refusal(foreign, ownCluster())).contains("not a Kurve store");
  }

  /** Start and end of a store; in between, which a refusal must not need, there is nothing. */
  private static Path copy(Path target, Path store) throws Exception {
    try (RandomAccessFile from = new RandomAccessFile(store.toFile(), "r");
        RandomAccessFile to = new RandomAccessFile(target.toFile(), "rw")) {
      byte[] part = new byte[1 << 20];
      from.readFully(part);
      to.write(part);
      to.setLength(from.length());
      from.seek(from.length() - part.length);
      from.readFully(part);
      to.seek(from.length() - part.length);
      to.write(part);
    }
    return target;
  }

  private static void raiseVersion(Path store, long offset) throws Exception {
    try (RandomAccessFile file = new RandomAccessFile(store.toFile(), "rw")) {
      byte[] bytes = new byte[PAGE_BYTES];
      file.seek(offset);
      file.readFully(bytes);
      ByteBuffer page = ByteBuffer.wrap(bytes);
      page.putInt(VERSION_OFFSET, 2);
      CRC32C checksum = new CRC32C();
      checksum.update(bytes, 0, PAGE_BYTES - Integer.BYTES);
      page.putInt(PAGE_BYTES - Integer.BYTES, (int) checksum.getValue());
      file.seek(offset);
      file.write(bytes);
    }
  }

  private String ownCluster() throws Exception {
    return Files.readAllLines(playground.directory().resolve("kurve.yaml")).stream()
        .filter(line -> line.startsWith("cluster:"))
        .map(line -> line.substring("cluster:".length()).strip().replace("\"", ""))
        .findFirst()
        .orElseThrow();
  }

  /** The one line with which {@code kurve chunkserver} refuses to start on this store. */
  private String refusal(Path store, String cluster) throws Exception {
    byte[] head = head(store);
    long size = Files.size(store);
    Result refused =
        Shell.kurve(
            "chunkserver",
            "--store",
            store.toString(),
            "--cluster-id",
            cluster,
            "--key-file",
            playground.directory().resolve("cluster.key").toString(),
            "--mds",
            "127.0.0.1:1",
            "--failure-domain",
            "nowhere");
    assertThat(refused.exit()).as(refused.err()).isEqualTo(8);
    List<String> lines =
        refused.err().lines().filter(line -> line.startsWith("kurve chunkserver: ")).toList();
    assertThat(lines).hasSize(1);
    assertThat(refused.err()).doesNotContain("\tat ");
    assertThat(head(store)).isEqualTo(head);
    assertThat(Files.size(store)).isEqualTo(size);
    return lines.getFirst();
  }

  private static byte[] head(Path store) throws Exception {
    try (RandomAccessFile file = new RandomAccessFile(store.toFile(), "r")) {
      byte[] head = new byte[1 << 20];
      file.readFully(head);
      return head;
    }
  }

  @Test
  void upSaysInOneLineWhatIsInItsWayAndGoesOnWhenItIsGone() throws Exception {
    String address = playground.process("chunkserver-2").get("address").asText();
    int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    try (ServerSocket taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      assertThat(failedUp(5)).contains("port " + taken.getLocalPort() + " is in use");
    }
    assertThat(playground.status().get("processes")).allMatch(p -> p.get("pid").isNull());

    Path kept = disk(3).resolveSibling("kept");
    Files.move(disk(3), kept);
    Files.write(disk(3), new byte[8 << 20]);
    try {
      for (int again = 0; again < 2; again++) {
        assertThat(failedUp(8))
            .contains("chunkserver-3 ended while it started")
            .contains("not a Kurve store");
        assertThat(
                Shell.run(
                        "dd",
                        "if=/dev/zero",
                        "of=" + playground.device(),
                        "count=8",
                        "bs=4096",
                        "oflag=direct")
                    .exit())
            .as("two of three serve")
            .isZero();
        assertThat(playground.health()).isEqualTo("degraded");
      }
    } finally {
      Files.move(kept, disk(3), StandardCopyOption.REPLACE_EXISTING);
    }
    playground.kurve("playground", "down").ok();
    Path metadata = playground.directory().resolve("mds-1/metadata");
    Path hidden = metadata.resolveSibling("hidden");
    Files.move(metadata, hidden);
    assertThat(failedUp(8)).contains("mds-1 ended while it started");
    Shell.run("rm", "-rf", metadata.toString()).ok();
    Files.move(hidden, metadata);

    playground.upAgain();
    playground.awaitWhole();
    playground.kurve("playground", "down").ok();
  }

  /** The last line of what it says; those before tell its progress. */
  private String failedUp(int exit) throws Exception {
    Result failed = playground.kurve("playground", "up");
    assertThat(failed.exit()).as(failed.err()).isEqualTo(exit);
    List<String> errors = new ArrayList<>();
    failed.err().lines().filter(line -> line.startsWith("kurve: ")).forEach(errors::add);
    assertThat(errors).hasSize(1);
    assertThat(errors.getFirst()).contains(" — ");
    return errors.getFirst();
  }
}
