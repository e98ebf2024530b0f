package io.kurve.dist;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;

/**
 * Keeps five lines of jraft out of the logs: it calls it an error, at each try and on several
 * levels of its code, that a peer is not there, as when a cluster starts. That is what the MDS
 * tells, once a disk; what else those loggers have to say is told.
 */
public final class AwayPeers extends TurboFilter {
  private static final String JRAFT = "com.alipay.sofa.jraft.";

  /** By the loggers' names: how the lines begin. */
  private static final Map<String, List<String>> LINES =
      Map.of(
          JRAFT + "rpc.impl.AbstractClientService",
          List.of("Fail to connect"),
          JRAFT + "core.ReplicatorGroupImpl",
          List.of("Fail to check replicator connection", "Fail to start replicator"),
          JRAFT + "core.Replicator",
          List.of("Fail to init sending channel"),
          JRAFT + "core.NodeImpl",
          List.of("Fail to add a replicator"));

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] values,
      @Nullable Throwable thrown) {
    return format != null
            && LINES.getOrDefault(logger.getName(), List.of()).stream().anyMatch(format::startsWith)
        ? FilterReply.DENY
        : FilterReply.NEUTRAL;
  }
}
