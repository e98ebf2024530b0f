package io.kurve.dist;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;

/**
 * Keeps one line of jraft out of the logs: it calls it an error, at each try, that a peer is not
 * there, as when a cluster starts. That is what the MDS tells, once a disk; what else that logger
 * has to say is told.
 */
public final class AwayPeers extends TurboFilter {
  private static final String LOGGER = "com.alipay.sofa.jraft.rpc.impl.AbstractClientService";
  private static final String LINE = "Fail to connect";

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] values,
      @Nullable Throwable thrown) {
    return format != null && format.startsWith(LINE) && logger.getName().equals(LOGGER)
        ? FilterReply.DENY
        : FilterReply.NEUTRAL;
  }
}
