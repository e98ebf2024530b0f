package io.kurve.blockdev.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.blockdev.host.OpeningNotes.Note;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpeningNotesTest {
  @TempDir Path directory;

  @Test
  void aSuccessorReadsWhatHadNoAnswer() throws IOException {
    OpeningNotes notes = new OpeningNotes(directory);
    Note first = notes.begin("a");
    Note second = notes.begin("b");
    notes.end(first);
    Files.writeString(directory.resolve("half-written"), "c");

    assertThat(new OpeningNotes(directory).left()).containsExactly(second);
    assertThat(directory.resolve("half-written")).doesNotExist();
  }

  @Test
  void afterASilenceTheVolumeIsAskedForUnderTheSameId() throws IOException {
    OpeningNotes notes = new OpeningNotes(directory);
    Note silent = notes.begin("a");
    notes.unanswered(silent);

    assertThat(notes.begin("b")).isNotEqualTo(silent);
    assertThat(notes.begin("a")).isEqualTo(silent);
    assertThat(notes.begin("a")).isNotEqualTo(silent);
  }

  @Test
  void twoSilencesOfOneVolumeAreBothAskedAgain() throws IOException {
    OpeningNotes notes = new OpeningNotes(directory);
    Note first = notes.begin("a");
    Note second = notes.begin("a");
    notes.unanswered(first);
    notes.unanswered(second);

    assertThat(notes.begin("a")).isEqualTo(first);
    assertThat(notes.begin("a")).isEqualTo(second);
  }
}
