package io.kurve.mds;

import io.kurve.core.failure.ErrorCode;
import java.time.Duration;
import java.util.Optional;

/** Hears of each answered request: metrics. */
@FunctionalInterface
public interface RequestObserver {
  void answered(String operation, Duration took, Optional<ErrorCode> error);
}
