package io.kurve.mds;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.FaultHandler;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.time.SystemRandom;
import io.kurve.mds.record.StoredRecord.ClusterRecord;
import io.kurve.metastore.embedded.EmbeddedMetaStore;
import io.kurve.metastore.etcd.EtcdAccess;
import io.kurve.metastore.etcd.EtcdMetaStore;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the metadata store that the command line names, and looks whose it is. */
final class MetastoreOpening {
  private static final Logger LOG = LoggerFactory.getLogger(MetastoreOpening.class);

  /** Of each call to etcd: two must fit into the time that a leader has without an answer. */
  private static final Duration CALL_TIMEOUT = Duration.ofMillis(1500);

  private static final int HISTORY_REVISIONS = 10_000;

  /** etcd may be starting, too. */
  private static final int TRIES = 10;

  private static final long PAUSE_MILLIS = 500;
  private static final Set<PosixFilePermission> OF_OTHERS =
      Set.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  private final MdsArguments.Metastore metastore;
  private final ClusterId cluster;

  MetastoreOpening(MdsArguments.Metastore metastore, ClusterId cluster) {
    this.metastore = metastore;
    this.cluster = cluster;
  }

  MetaStore open(FaultHandler faults) throws IOException {
    return switch (metastore) {
      case MdsArguments.Metastore.Embedded embedded ->
          EmbeddedMetaStore.open(
              embedded.directory(), EmbeddedMetaStore.Limits.DEFAULT, System::nanoTime, faults);
      case MdsArguments.Metastore.Etcd etcd ->
          EtcdMetaStore.open(
              new EtcdAccess(
                  etcd.members(),
                  "kurve/" + cluster + "/",
                  CALL_TIMEOUT,
                  HISTORY_REVISIONS,
                  etcd.tls(),
                  login(etcd.login())),
              new SystemRandom());
    };
  }

  private static Optional<EtcdAccess.Login> login(Optional<Path> file) throws IOException {
    if (file.isEmpty()) {
      return Optional.empty();
    }
    if (Files.getPosixFilePermissions(file.get()).stream().anyMatch(OF_OTHERS::contains)) {
      throw new KurveException(
          ErrorCode.REFUSED,
          "others than its owner can read or write " + file.get() + ", which has a password",
          "chmod 600 " + file.get());
    }
    Properties lines = new Properties();
    lines.load(new StringReader(Files.readString(file.get())));
    String user = lines.getProperty("user");
    String password = lines.getProperty("password");
    if (user == null || password == null || lines.size() != 2) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          file.get() + " does not have the two lines user=NAME and password=WORD",
          "write them, and nothing else");
    }
    return Optional.of(new EtcdAccess.Login(user, password));
  }

  /**
   * An empty store, or another cluster's, is refused here, in one line, before anything listens.
   */
  void check(MetaStore store, Optional<MdsArguments.Birth> birth) {
    if (birth.isPresent()) {
      ClusterRecord wanted =
          new ClusterRecord(
              cluster,
              birth.get().replicas(),
              birth.get().chunkservers(),
              birth.get().copysets(),
              InstantSource.system().instant());
      ClusterRecord born =
          patiently(() -> ClusterBirth.bootstrap(store, wanted, birth.get().policy()));
      LOG.info("cluster {} was born at {}", born.cluster(), born.created());
      return;
    }
    ClusterRecord found =
        patiently(() -> ClusterBirth.find(store))
            .orElseThrow(() ->
                new KurveException(
                    ErrorCode.REFUSED,
                    metastore.shown() + " has no cluster " + inIt() + "in it",
                    "if this is a new cluster, start once with --bootstrap; if not, the store"
                        + " is lost or another's: restore it, never bootstrap"));
    if (!found.cluster().equals(cluster)) {
      throw new KurveException(
          ErrorCode.REFUSED,
          metastore.shown() + " is of cluster " + found.cluster() + ", not " + cluster,
          "name the right --data-dir or --cluster-id");
    }
  }

  private String inIt() {
    return switch (metastore) {
      case MdsArguments.Metastore.Embedded _ -> "";
      case MdsArguments.Metastore.Etcd _ -> cluster + " ";
    };
  }

  /** As long as the store may just be starting. */
  private <T> T patiently(Supplier<CompletionStage<T>> call) {
    for (int tries = 1; ; tries++) {
      try {
        return call.get().toCompletableFuture().join();
      } catch (CompletionException failed) {
        if (!(failed.getCause() instanceof KurveException known)) {
          throw failed;
        }
        boolean again =
            known.code() == ErrorCode.UNAVAILABLE || known.code() == ErrorCode.UNKNOWN_OUTCOME;
        if (!again || tries == TRIES) {
          throw known;
        }
        LOG.info("{} does not answer yet: {}", metastore.shown(), known.text());
      }
      pause();
    }
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
