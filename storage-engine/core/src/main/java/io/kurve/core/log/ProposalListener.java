package io.kurve.core.log;

/** Told once how a proposal ended, on a thread of the log's. It must not block. */
@FunctionalInterface
public interface ProposalListener<R> {
  void ended(Proposal<R> end);
}
