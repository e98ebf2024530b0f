package io.kurve.core.failure;

/** Stable names of what can go wrong; scripts and people search for them. Never renamed. */
public enum ErrorCode {
  INVALID_ARGUMENT,
  NOT_FOUND,
  ALREADY_EXISTS,
  /** Another attachment holds the volume. */
  ATTACHED_ELSEWHERE,
  /** The volume is attached, mounted or otherwise in use. */
  IN_USE,
  /** No room for it; the text has both figures. */
  NO_SPACE,
  /** The attachment is fenced for ever. */
  FENCED,
  /** Not the leader; a hint may follow. */
  NOT_LEADER,
  /** A bounded queue is full: come back later. */
  OVERLOAD,
  /** All replicas of a block are damaged. */
  DATA_LOST,
  /** Wrong cluster, key, version, store or generation. */
  REFUSED,
  /** It may or may not have happened: ask again with the same id. */
  UNKNOWN_OUTCOME,
  UNAVAILABLE,
  DEADLINE_EXCEEDED,
  /** A store, log or file that is damaged, truncated, foreign or newer than this software. */
  BAD_STORE,
  UNSUPPORTED,
  INTERNAL
}
