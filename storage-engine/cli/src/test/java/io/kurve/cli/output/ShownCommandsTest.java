package io.kurve.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A command that is copied from a text finds the program and the cluster that the text is about.
 */
class ShownCommandsTest {
  private static final ShownCommands PLAIN = new ShownCommands("./kurve");
  private static final ShownCommands FOLDER = PLAIN.choosing("--dir", "a b");
  private static final ShownCommands FILE = PLAIN.choosing("--cluster", "c.yaml");

  @ParameterizedTest
  @CsvSource({
    "`kurve volume list`, `./kurve volume list`",
    "`./kurve volume list`, `./kurve volume list`",
    "list them with `kurve volume list`; or not, list them with `./kurve volume list`; or not",
    "`sync` failed; see `kurve store check /a`, `sync` failed; see `./kurve store check /a`",
    "kurve volume list, kurve volume list",
  })
  void itIsCalledAsThisOneWas(String text, String shown) {
    assertThat(PLAIN.in(text)).isEqualTo(shown);
  }

  @ParameterizedTest
  @CsvSource({
    "`kurve volume detach v --force`, `./kurve volume detach v --force --dir 'a b'`",
    "`kurve playground up`, `./kurve playground up --dir 'a b'`",
    "`kurve cluster status` or `kurve bench`, `./kurve cluster status --dir 'a b'` or `./kurve bench --dir 'a b'`",
    "`kurve playground up --dir /c`, `./kurve playground up --dir /c`",
    "`kurve volume list --cluster f`, `./kurve volume list --cluster f`",
    "`kurve volume --help`, `./kurve volume --help`",
    "`kurve bench machine`, `./kurve bench machine`",
    "`kurve store check $x`, `./kurve store check $x`",
    "`kurve mds --help`, `./kurve mds --help`",
  })
  void itHasTheFolderUnlessItHasOneOrTakesNone(String text, String shown) {
    assertThat(FOLDER.in(text)).isEqualTo(shown);
  }

  @ParameterizedTest
  @CsvSource({
    "`kurve disk list`, `./kurve disk list --cluster c.yaml`",
    "`kurve playground up`, `./kurve playground up`",
  })
  void aPlaygroundIsNotNamedByAFile(String text, String shown) {
    assertThat(FILE.in(text)).isEqualTo(shown);
  }

  @Test
  void wordsAreQuotedAsTheShellNeedsIt() {
    assertThat(ShellWord.of("/walk/a-b_1.c")).isEqualTo("/walk/a-b_1.c");
    assertThat(ShellWord.of("")).isEqualTo("''");
    assertThat(ShellWord.of("a b")).isEqualTo("'a b'");
    assertThat(ShellWord.of("it's")).isEqualTo("'it'\\''s'");
    assertThat(ShellWord.of("$HOME;rm")).isEqualTo("'$HOME;rm'");
    assertThat(ShellWord.of("~/ü")).isEqualTo("'~/ü'");
    assertThat(FOLDER.choosing("--dir", "it's $1").in("`kurve disk list`"))
        .isEqualTo("`./kurve disk list --dir 'it'\\''s $1'`");
  }
}
