package io.kurve.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClusterFileTest {
  private static final String ID = "00000000-0000-0000-0000-000000000001";
  @TempDir Path folder = Path.of("/");

  private Path write(String text) throws IOException {
    return Files.writeString(folder.resolve(ClusterFile.NAME), text);
  }

  @Test
  void whatWasWrittenIsRead() throws IOException {
    Path file = write("mds: ['127.0.0.1:7', 'b:8']\ncluster: " + ID + "\nkey: k/cluster.key\n");
    ClusterFile read = ClusterFile.read(file);
    assertThat(read.mds()).hasSize(2);
    assertThat(read.key()).isEqualTo(folder.resolve("k/cluster.key"));
    read.write(file);
    assertThat(ClusterFile.read(file)).isEqualTo(read);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mds: ['a:1']\\ncluster: ID\\nkey: k\\ncolour: red | unknown key 'colour'",
        "mds: ['a:1']\\ncluster: ID\\nkey: k\\nkey: other | the key of line 4 twice",
        "cluster: ID\\nkey: k | lacks the key 'mds'",
        "mds: ['a:1']\\nkey: k | lacks the key 'cluster'",
        "mds: ['a:1']\\ncluster: ID | lacks the key 'key'",
        "mds: ['a']\\ncluster: ID\\nkey: k | in 'mds': 'a'",
        "mds: ['a:1']\\ncluster: 7\\nkey: k | the 'cluster' '7', which is no UUID",
        "mds: a:1\\ncluster: ID\\nkey: k | the value of 'mds' in line 1 is of another kind",
        "mds: [ | line 1 can't be read as YAML",
        "{ | is not such a file",
        "[] | is not such a file",
        "'' | is not such a file",
      })
  void anythingElseIsOneErrorThatNamesFileAndCause(String text, String why) throws IOException {
    Path file = write(text.replace("\\n", "\n").replace("ID", ID));
    assertThatThrownBy(() -> ClusterFile.read(file))
        .isInstanceOfSatisfying(
            KurveException.class,
            refused -> {
              assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
              assertThat(refused.text()).contains(file.toString()).contains(why);
              assertThat(refused.text().lines()).hasSize(1);
              assertThat(refused.text())
                  .doesNotContain("START_", "java.", "snakeyaml", "deserialize");
            });
  }
}
