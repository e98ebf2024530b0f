package com.lmax.disruptor.dsl;

/** How many threads publish. Here any number may, always. */
public enum ProducerType {
  SINGLE,
  MULTI
}
