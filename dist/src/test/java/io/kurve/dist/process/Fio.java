package io.kurve.dist.process;

import java.util.ArrayList;
import java.util.List;

/** fio command lines that write and verify. */
final class Fio {
  private Fio() {}

  /**
   * Random writes at queue depth 16 with a crc32c in each block, read back and verified at the end.
   */
  static String[] verify(String target, String size, String... more) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "fio",
                "--name=verify",
                "--filename=" + target,
                "--rw=randwrite",
                "--bs=4k",
                "--size=" + size,
                "--ioengine=libaio",
                "--direct=1",
                "--iodepth=16",
                "--verify=crc32c",
                "--verify_fatal=1",
                "--verify_state_save=0",
                "--output-format=normal"));
    command.addAll(List.of(more));
    return command.toArray(String[]::new);
  }
}
