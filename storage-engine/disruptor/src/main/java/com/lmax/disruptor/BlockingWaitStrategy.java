package com.lmax.disruptor;

/** What jraft asks for; see {@link WaitStrategy}. */
public final class BlockingWaitStrategy implements WaitStrategy {}
