package io.kurve.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.cli.playground.PlaygroundStatus;
import io.kurve.cli.playground.PlaygroundStatus.ProcessStatus;
import io.kurve.cli.playground.PlaygroundStatus.VolumeStatus;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsoleTest {
  @Test
  void statusHasTheNamesThatScriptsRelyOn() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Console console = new Console(new PrintStream(out, false, StandardCharsets.UTF_8), System.err);
    console.result(
        true,
        new PlaygroundStatus(
            null,
            new VolumeStatus("demo", 16, 8L),
            List.of(
                new ProcessStatus("mds", "mds-1", null, "a:1", "a:2", "/s", false),
                new ProcessStatus("etcd", "etcd-1", 7L, "b:1", "b:2", "/t", null))),
        () -> "unused");
    assertThat(out.toString(StandardCharsets.UTF_8))
        .isEqualToNormalizingNewlines(
            """
            {"device":null,"volume":{"name":"demo","size_bytes":16,"mapped_bytes":8},"processes":[{"role":"mds",\
            "name":"mds-1","pid":null,"address":"a:1","metrics":"a:2","store":"/s","leader":false},\
            {"role":"etcd","name":"etcd-1","pid":7,"address":"b:1","metrics":"b:2","store":"/t"}]}
            """);
  }

  @Test
  void anErrorIsTheOneObjectUnlessAResultIs() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, false, StandardCharsets.UTF_8));
    console.show(new ShownCommands("./kurve").choosing("--dir", "a b"));
    KurveException inUse =
        new KurveException(ErrorCode.IN_USE, "v is attached", "see `kurve volume info v`");
    assertThat(console.failure(false, inUse)).isEqualTo(5);
    assertThat(out.size()).isZero();
    assertThat(console.failure(true, inUse)).isEqualTo(5);
    assertThat(console.failure(true, inUse)).isEqualTo(5);
    assertThat(out.toString(StandardCharsets.UTF_8).strip())
        .isEqualTo(
            """
            {"error":{"code":"IN_USE","text":"v is attached",\
            "cure":"see `./kurve volume info v --dir 'a b'`"},"exit":5}\
            """);
    assertThat(err.toString(StandardCharsets.UTF_8).lines())
        .hasSize(3)
        .containsOnly("kurve: v is attached — see `./kurve volume info v --dir 'a b'`");
  }

  @Test
  void tablesHaveColumnsAndNoTrailingBlanks() {
    assertThat(new Table("A", "LONGER").row("wider than it", 1).row("b", "c").toString())
        .isEqualTo(
            """
            A              LONGER
            wider than it  1
            b              c
            """);
  }
}
