package io.kurve.mds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.metadata.HostAndPort;
import io.kurve.metastore.etcd.EtcdAccess;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MdsArgumentsTest {
  private static MdsArguments parse(String line) {
    List<String> all =
        new ArrayList<>(
            List.of("--cluster-id", TestCluster.CLUSTER.toString(), "--key-file", "cluster.key"));
    all.addAll(List.of(line.split(" ")));
    return MdsArguments.parse(all);
  }

  @Test
  void theEmbeddedStoreIsAFolder() {
    assertThat(parse("--data-dir there").metastore())
        .isEqualTo(new MdsArguments.Metastore.Embedded(Path.of("there")));
  }

  @Test
  void etcdHasMembersAndKeysToItsDoor() {
    MdsArguments read =
        parse(
            "--metastore etcd:a:1,b:2 --etcd-ca ca --etcd-cert c --etcd-key k --etcd-login l"
                + " --advertise mds-2:7400");
    assertThat(read.metastore())
        .isEqualTo(
            new MdsArguments.Metastore.Etcd(
                List.of(new HostAndPort("a", 1), new HostAndPort("b", 2)),
                Optional.of(
                    new EtcdAccess.Tls(
                        Path.of("ca"),
                        Optional.of(new EtcdAccess.Own(Path.of("c"), Path.of("k"))))),
                Optional.of(Path.of("l"))));
    assertThat(read.place().advertised()).contains(new HostAndPort("mds-2", 7400));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          --port 1                                        | --data-dir is missing
          --metastore etcd:a:1 --data-dir d               | --data-dir is for the embedded
          --metastore zookeeper:a:1                       | is not etcd:HOST:PORT
          --metastore etcd:a                              | 'a' is not host:port
          --metastore etcd:a:1, --port 7                  | '' is not host:port
          --data-dir d --etcd-login l                     | --etcd-login is for --metastore
          --metastore etcd:a:1 --etcd-cert c --etcd-ca ca | belong together
          --metastore etcd:a:1 --etcd-cert c --etcd-key k | needs --etcd-ca
          --metastore etcd:a:1 --port 0                   | needs --advertise
          """)
  void whatDoesNotFitIsNamed(String line, String why) {
    assertThatThrownBy(() -> parse(line)).hasMessageContaining(why);
  }
}
