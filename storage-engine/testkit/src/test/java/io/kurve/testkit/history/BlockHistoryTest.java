package io.kurve.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.testkit.history.BlockHistory.Operation;
import org.junit.jupiter.api.Test;

class BlockHistoryTest {
  private final BlockHistory history = new BlockHistory(4);

  private Operation write(long writer, int from, int... bytes) {
    byte[] content = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      content[i] = (byte) bytes[i];
    }
    return history.write(writer, from, content, "write of " + writer);
  }

  private void read(int... seen) {
    byte[] content = new byte[seen.length];
    for (int i = 0; i < seen.length; i++) {
      content[i] = (byte) seen[i];
    }
    Operation read = history.read(9, 0, "read");
    history.sawBytes(read, content);
  }

  @Test
  void aWriteThatReturnedIsSeen() {
    history.wrote(write(1, 0, 7, 7, 7, 7));
    read(0, 0, 0, 0);
    assertThat(history.impossible()).isPresent();
  }

  @Test
  void aWriteThatNeverReturnedMayHaveHappenedOrNot() {
    Operation _ = write(1, 0, 7, 7, 7, 7);
    read(0, 0, 0, 0);
    read(7, 7, 7, 7);
    assertThat(history.impossible()).isEmpty();
    read(0, 0, 0, 0);
    assertThat(history.impossible()).isPresent();
  }

  @Test
  void whatIsSealedHappensNowOrNever() {
    Operation _ = write(1, 0, 7, 7, 7, 7);
    history.seal(1);
    history.wrote(write(2, 0, 8, 8, 8, 8));
    read(7, 7, 7, 7);
    assertThat(history.impossible()).isPresent();
  }

  @Test
  void whatIsSealedMayHaveHappenedAfterAnotherWritersOpenWrite() {
    Operation other = write(2, 0, 8, 8, 8, 8);
    Operation _ = write(1, 0, 7, 7);
    history.seal(1);
    history.wrote(other);
    read(7, 7, 8, 8);
    assertThat(history.impossible()).isEmpty();
  }
}
