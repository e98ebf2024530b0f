package com.lmax.disruptor;

/** How an idle ring would wait. Here all of them park a virtual thread. */
public interface WaitStrategy {}
