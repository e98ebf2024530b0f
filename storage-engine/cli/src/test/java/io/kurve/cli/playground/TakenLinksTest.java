package io.kurve.cli.playground;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.blockdev.loop.BoundLoop;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose device a name leads to, before anything is made. */
class TakenLinksTest {
  private static final Path RUN = Path.of("/home/first/host-1/run");
  private static final BoundLoop LOOP =
      new BoundLoop(7, RUN.resolve("mounts/attachment-3/attachment-3"));

  @TempDir Path links = Path.of("/");

  private void refuse(List<Path> livingRuns, String own) throws IOException {
    new TakenLinks(links, List.of(LOOP), livingRuns).refuse("demo", Path.of(own));
  }

  @Test
  void aNameThatALivingHostElsewhereHasIsRefused() throws IOException {
    Files.createSymbolicLink(links.resolve("demo"), LOOP.device());
    assertThatThrownBy(() -> refuse(List.of(RUN), "/home/second"))
        .isInstanceOfSatisfying(
            KurveException.class,
            refused -> {
              assertThat(refused.code()).isEqualTo(ErrorCode.IN_USE);
              assertThat(refused.text()).contains("demo", "/home/first/host-1/run");
              assertThat(refused.cure()).contains("down --dir /home/first`");
            });
  }

  @Test
  void whatIsOnesOwnOrADeadHostsOrNobodysIsNoObstacle() throws IOException {
    assertThatCode(() -> refuse(List.of(RUN), "/home/second")).doesNotThrowAnyException();
    Files.createSymbolicLink(links.resolve("demo"), LOOP.device());
    assertThatCode(() -> refuse(List.of(RUN), "/home/first")).doesNotThrowAnyException();
    assertThatCode(() -> refuse(List.of(), "/home/second")).doesNotThrowAnyException();
  }

  @Test
  void whatIsNoLinkIsNamed() throws IOException {
    Files.createFile(links.resolve("demo"));
    assertThatThrownBy(() -> refuse(List.of(), "/home/second")).hasMessageContaining("no link");
  }
}
