package io.kurve.blockdev.posix;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MountTableTest {
  @Test
  void readsNumbersPointsTypesAndSources() {
    MountTable table =
        MountTable.parse(
            List.of(
                "36 35 7:0 / /mnt\\040with\\040blanks rw,noatime shared:1 - ext4 /dev/loop0 rw",
                "37 35 0:50 / /run/m rw - fuse.kurve kurve-attachment-1 rw,user_id=0",
                "38 35 0:51 / /none rw - tmpfs  rw",
                "garbage"));

    assertThat(table.mounts())
        .containsExactly(
            new MountTable.Mount("7:0", "/mnt with blanks", "ext4", "/dev/loop0"),
            new MountTable.Mount("0:50", "/run/m", "fuse.kurve", "kurve-attachment-1"),
            new MountTable.Mount("0:51", "/none", "tmpfs", ""));
  }
}
