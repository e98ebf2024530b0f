package io.kurve.mds.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.Attachment;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of a volume that somebody has. */
final class HolderTest {
  private static Attachment in(Attachment.State state) {
    return new Attachment(
        new AttachmentId(7),
        new VolumeId(1),
        "v",
        "host-2",
        Instant.parse("2026-11-24T04:20:40.666733525Z"),
        state);
  }

  @Test
  void whoAndSinceWhenToTheSecond() {
    assertThat(Volumes.holder(in(Attachment.State.OPEN)))
        .startsWith("host host-2 has it since 2026-11-24T04:20:40Z (");
  }

  @ParameterizedTest
  @CsvSource({
    "OPEN, 'detach it there; if that host is dead, take it away from it with `kurve volume detach v --force`'",
    "LEASE_EXPIRED, take it away from that host with `kurve volume detach v --force`",
    "FENCING, 'wait: it goes by itself as soon as every copyset has a quorum, see `kurve cluster status`'",
  })
  void theCureIsOneThatWorks(Attachment.State state, String cure) {
    assertThat(Volumes.release(in(state))).isEqualTo(cure);
  }
}
