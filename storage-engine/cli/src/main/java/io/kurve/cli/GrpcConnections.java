package io.kurve.cli;

import io.kurve.cli.config.ClusterFile;
import io.kurve.cli.output.ShellWord;
import io.kurve.cli.playground.Settings;
import io.kurve.client.BlockVolume;
import io.kurve.client.cluster.KurveClient;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumeHostService;
import io.kurve.protocol.control.MdsClient;
import io.kurve.protocol.control.MdsClientConfig;
import io.kurve.protocol.control.VolumeHostClient;
import io.kurve.protocol.handshake.ClusterKey;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Role;
import io.prometheus.client.CollectorRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * Connections over the network and unix sockets, each made once and kept until the command ends.
 */
final class GrpcConnections implements Connections {
  private static final Duration HOST_LIMIT = Duration.ofSeconds(25);

  /** One that is just being started again may take that long. */
  private static final Duration AWAY_LIMIT = Duration.ofMillis(1200);

  private final Map<ClusterFile, GrpcCluster> clusters = new HashMap<>();

  @Override
  public Cluster cluster(ClusterFile file) {
    return clusters.computeIfAbsent(file, GrpcCluster::new);
  }

  @Override
  public void close() {
    clusters.values().forEach(GrpcCluster::close);
  }

  private static final class GrpcCluster implements Cluster {
    private final ClusterFile file;
    private final ClusterKey key;
    private final MdsClient mds;
    private final Map<Path, VolumeHostClient> hosts = new HashMap<>();

    GrpcCluster(ClusterFile file) {
      this.file = file;
      this.key = ClusterKey.load(file.key());
      this.mds = new MdsClient(file.mds(), identity(Role.CLI), config(file));
    }

    private static MdsClientConfig config(ClusterFile file) {
      MdsClientConfig config = MdsClientConfig.defaults().withAwayTimeout(AWAY_LIMIT);
      return Settings.playgroundOf(file)
          .map(directory ->
              config.withCureWhenAway(
                  "start what is missing with `kurve playground up --dir "
                      + ShellWord.of(directory)
                      + "`"))
          .orElse(config);
    }

    private Identity identity(Role role) {
      return Identity.of(file.cluster(), key, role);
    }

    @Override
    public VolumeAdmin volumes() {
      return mds.volumes();
    }

    @Override
    public ClusterInspection inspection() {
      return mds.inspection();
    }

    @Override
    public VolumeHostService volumeHost(Path socket) {
      return hosts.computeIfAbsent(
          socket, path -> new VolumeHostClient(path, identity(Role.CLI), HOST_LIMIT));
    }

    @Override
    public Client client(String host) {
      return new EmbeddedClient(
          new KurveClient(
              identity(Role.CLIENT),
              host,
              mds.metadata(),
              new CollectorRegistry(),
              (what, cause) -> new AssertionError(what, cause)));
    }

    void close() {
      hosts.values().forEach(VolumeHostClient::close);
      mds.close();
    }
  }

  private record EmbeddedClient(KurveClient client) implements Client {
    @Override
    public CompletionStage<BlockVolume> open(String volume) {
      return client.open(volume, AccessMode.EXCLUSIVE);
    }

    @Override
    public void close() {
      client.close();
    }
  }
}
