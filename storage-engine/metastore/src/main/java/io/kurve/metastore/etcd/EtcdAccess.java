package io.kurve.metastore.etcd;

import io.kurve.core.metadata.HostAndPort;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Where etcd is and how it lets one in.
 *
 * @param members any of them serves; the others are asked when one does not answer
 * @param namespace before each key, so that several clusters can share an etcd
 * @param callTimeout after which a call has no answer
 * @param historyRevisions how many revisions back a scan or watch may begin; older ones, up to as
 *     many again, are compacted away by whoever writes
 */
public record EtcdAccess(
    List<HostAndPort> members,
    String namespace,
    Duration callTimeout,
    int historyRevisions,
    Optional<Tls> tls,
    Optional<Login> login) {
  public EtcdAccess {
    members = List.copyOf(members);
    if (members.isEmpty()) {
      throw new IllegalArgumentException("no member of etcd is named");
    }
    if (namespace.isEmpty()) {
      throw new IllegalArgumentException("etcd has no empty key: the namespace must have a name");
    }
    if (historyRevisions < 1) {
      throw new IllegalArgumentException("a history of " + historyRevisions + " revisions");
    }
  }

  /**
   * PEM files.
   *
   * @param trusted who may have signed the members' certificates
   * @param own the certificate and its key (PKCS 8), where etcd asks for one
   */
  public record Tls(Path trusted, Optional<Own> own) {}

  public record Own(Path certificate, Path key) {}

  public record Login(String user, String password) {
    @Override
    public String toString() {
      return "user " + user;
    }
  }
}
