package io.kurve.blockdev.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceUsersTest {
  /** Laid out as the kernel does: not each one has the device mapper. */
  @Test
  void whatTheDeviceMapperMakesOfADeviceOrItsPartitionHoldsIt(@TempDir Path sysfs)
      throws Exception {
    for (String folder :
        List.of(
            "loop9999/holders/dm-0",
            "loop9999/loop9999p1/holders",
            "loop9999/loop9999p2/holders/dm-1",
            "loop9998/holders/dm-2")) {
      Files.createDirectories(sysfs.resolve(folder));
    }
    TreeSet<String> devices =
        new TreeSet<>(List.of("/dev/loop9999", "/dev/loop9999p1", "/dev/loop9999p2"));

    List<String> stacked = DeviceUsers.stackedOn(sysfs, devices);

    assertThat(stacked).containsExactlyInAnyOrder("part of /dev/dm-0", "part of /dev/dm-1");
    DeviceUsers users = new DeviceUsers(List.of(), stacked, List.of());
    assertThat(users.isClaimed()).isTrue();
    assertThat(users.none()).isFalse();
  }
}
