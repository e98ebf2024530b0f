package io.kurve.protocol.control;

import io.grpc.MethodDescriptor;
import java.util.concurrent.CompletableFuture;

/** Makes a call, somehow; the stage ends exceptionally with a KurveException. */
@FunctionalInterface
interface Caller {
  <A, B> CompletableFuture<B> call(MethodDescriptor<A, B> method, A request);
}
