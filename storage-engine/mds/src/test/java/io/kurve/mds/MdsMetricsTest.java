package io.kurve.mds;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.failure.ErrorCode;
import io.prometheus.client.CollectorRegistry;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every call has its series from the start: what is not there can't be seen to grow. */
class MdsMetricsTest {
  private final CollectorRegistry registry = new CollectorRegistry();
  private final MdsMetrics metrics = new MdsMetrics(registry);

  private double count(String operation, String result) {
    Double value =
        registry.getSampleValue(
            "kurve_mds_requests_total",
            new String[] {"operation", "result"},
            new String[] {operation, result});
    return value == null ? -1 : value;
  }

  @Test
  void theSeriesOfEachCallAreThereBeforeTheFirstOne() {
    assertThat(Doors.OPERATIONS).allSatisfy(call -> assertThat(count(call, "ok")).isZero());
    metrics.answered("open", Duration.ofMillis(1), Optional.empty());
    metrics.answered("open", Duration.ofMillis(1), Optional.of(ErrorCode.NOT_FOUND));
    assertThat(count("open", "ok")).isOne();
    assertThat(count("open", "not_found")).isOne();
  }

  @Test
  void everyCallIsNamed() {
    TreeSet<String> calls =
        Stream.of(
                io.kurve.core.metadata.MetadataService.class,
                io.kurve.core.metadata.VolumeAdmin.class,
                io.kurve.core.metadata.ChunkserverRegistry.class,
                io.kurve.core.metadata.ClusterInspection.class)
            .flatMap(service -> Stream.of(service.getDeclaredMethods()))
            .map(Method::getName)
            .filter(name -> !name.startsWith("$"))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(Doors.OPERATIONS).containsExactlyInAnyOrderElementsOf(calls);
  }
}
