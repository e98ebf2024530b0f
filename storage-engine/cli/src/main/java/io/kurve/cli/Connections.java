package io.kurve.cli;

import io.kurve.cli.config.ClusterFile;
import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.metadata.VolumeHostService;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** How commands reach servers; closed when the command ends. */
public interface Connections extends AutoCloseable {
  Cluster cluster(ClusterFile file);

  @Override
  void close();

  /** One cluster's servers. */
  interface Cluster {
    VolumeAdmin volumes();

    ClusterInspection inspection();

    /** A volume host of this machine. */
    VolumeHostService volumeHost(Path socket);

    /** The embedded client, known to the cluster as this host; the caller closes it. */
    Client client(String host);
  }

  /** Opens volumes in this process. */
  interface Client extends AutoCloseable {
    /** Exclusively. */
    CompletionStage<BlockVolume> open(String volume);

    @Override
    void close();
  }

  /** Waits for an answer; what the server said is thrown as it is. */
  static <T extends @org.jspecify.annotations.Nullable Object> T await(
      CompletionStage<T> stage, Duration limit, String whom) {
    try {
      return stage.toCompletableFuture().orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof KurveException known) {
        throw known;
      }
      if (e.getCause() instanceof TimeoutException) {
        throw new KurveException(
            ErrorCode.DEADLINE_EXCEEDED,
            whom + " did not answer within " + limit.toSeconds() + " s",
            "see `kurve cluster status`",
            e);
      }
      throw e;
    }
  }
}
