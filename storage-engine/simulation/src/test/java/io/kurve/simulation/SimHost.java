package io.kurve.simulation;

import io.kurve.client.DataTransport;
import io.kurve.client.volume.ClientMetrics;
import io.kurve.client.volume.VolumeLimits;
import io.kurve.client.volume.VolumeOpener;
import io.kurve.client.volume.VolumePorts;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.VolumeAdmin;
import io.kurve.core.time.EventLoop;
import io.kurve.testkit.world.SimNetwork;
import io.kurve.testkit.world.SimProcess;
import io.prometheus.client.CollectorRegistry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One host's process with the embedded client. */
final class SimHost {
  private static final VolumeLimits LIMITS =
      new VolumeLimits(
          64,
          1 << 20,
          256,
          4,
          new VolumeLimits.RetryTimes(
              Duration.ofMillis(2),
              Duration.ofMillis(100),
              Duration.ofMillis(400),
              Duration.ofSeconds(2),
              Duration.ofSeconds(2),
              Duration.ofSeconds(8)),
          Duration.ofMillis(100));

  private final SimCluster cluster;
  private final SimProcess process;
  private final List<Runnable> atStart = new ArrayList<>();
  private int flips;
  private @Nullable Life life;

  /** What a life of the process has. */
  record Life(EventLoop loop, VolumeOpener opener, VolumeAdmin admin) {}

  SimHost(SimCluster cluster, String name) {
    this.cluster = cluster;
    this.process = cluster.world().process(name);
  }

  SimProcess process() {
    return process;
  }

  Optional<Life> life() {
    return Optional.ofNullable(life);
  }

  /** Done at each start of the process, now too if it runs. */
  void atStart(Runnable task) {
    atStart.add(task);
    if (life != null) {
      task.run();
    }
  }

  /** So many of the next writes arrive with a bit of their payload flipped. */
  void flipBits(int writes) {
    flips += writes;
  }

  void start() {
    EventLoop loop = process.start();
    cluster.supervise(process, this::start);
    process.atDeath(() -> life = null);
    RemoteMds mds = new RemoteMds(cluster, process);
    VolumePorts ports =
        new VolumePorts(
            loop,
            cluster.world().fork(),
            mds,
            new Transport(),
            new ClientMetrics(new CollectorRegistry()));
    life = new Life(loop, new VolumeOpener(SimCluster.CLUSTER, process.name(), ports, LIMITS), mds);
    loop.execute(() -> atStart.forEach(Runnable::run));
  }

  /** Copies what it sends, as a wire does. */
  private final class Transport implements DataTransport {
    @Override
    public void send(
        CopysetPlacement.Member target, DataRequest request, Consumer<DataReply> reply) {
      SimChunkserver to = cluster.chunkserver(target.replica().store());
      DataRequest.Operation sent = copy(request.operation(), flips > 0 && flips-- > 0);
      String label =
          switch (sent) {
            case DataRequest.Read read -> "read";
            case DataRequest.Write write -> "write";
            case DataRequest.WriteZeroes zeroes -> "zeroes";
            case DataRequest.Discard discard -> "discard";
          };
      var _ =
          cluster
              .network()
              .<DataReply>ask(
                  process,
                  to.process(),
                  SimNetwork.Kind.DOUBLED,
                  label + " " + request.context().id(),
                  () -> {
                    CompletableFuture<DataReply> answer = new CompletableFuture<>();
                    DataRequest arrived =
                        new DataRequest(request.context(), request.address(), copy(sent, false));
                    to.running()
                        .orElseThrow(SimCluster::notRunning)
                        .data()
                        .handle(arrived, answer::complete);
                    return answer;
                  })
              .whenComplete((answer, error) ->
                  reply.accept(
                      error == null
                          ? answer
                          : new DataReply.Failed(
                              ErrorCode.UNAVAILABLE,
                              Optional.empty(),
                              String.valueOf(error.getMessage()))));
    }

    private static DataRequest.Operation copy(DataRequest.Operation operation, boolean flip) {
      if (!(operation instanceof DataRequest.Write write)) {
        return operation;
      }
      byte[] bytes = new byte[write.data().remaining()];
      write.data().duplicate().get(bytes);
      if (flip) {
        bytes[bytes.length / 2] ^= 4;
      }
      return new DataRequest.Write(
          write.offset(), ByteBuffer.wrap(bytes), write.checksums(), write.expected());
    }
  }
}
