package com.lmax.disruptor;

import java.util.concurrent.TimeUnit;

/**
 * What jraft asks for; see {@link WaitStrategy}. jraft gives its handlers no way to hear of the
 * timeout, so there is none.
 */
public final class TimeoutBlockingWaitStrategy implements WaitStrategy {
  public TimeoutBlockingWaitStrategy(long timeout, TimeUnit unit) {}
}
