package com.lmax.disruptor.dsl;

import com.lmax.disruptor.EventHandler;

/** The one handler of a ring; more of them, in some order, are nothing that jraft asks for. */
public record EventHandlerGroup<T>(EventHandler<? super T> handler) {}
