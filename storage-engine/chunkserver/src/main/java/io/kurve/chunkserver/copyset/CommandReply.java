package io.kurve.chunkserver.copyset;

import io.kurve.core.id.MdsTerm;

/** What the state machine says to a command; the same on every replica. */
public sealed interface CommandReply {
  /** In effect, by this entry or by an earlier one of the same request. */
  record Done() implements CommandReply {}

  /** The attachment has no grant here, or has one no longer. */
  record Fenced(String why) implements CommandReply {}

  /** The request was answered before; this is a late duplicate and nobody waits for it. */
  record AlreadyAnswered() implements CommandReply {}

  /** Too many requests of the attachment are applied and not yet below its mark. */
  record WindowFull() implements CommandReply {}

  /** A block does not match the checksum that the client sent: to be sent again. */
  record DamagedPayload(int block) implements CommandReply {}

  /** The chunk belongs to another place, or the command contradicts what is granted. */
  record Refused(String why) implements CommandReply {}

  /** A later MDS leader has been here. */
  record StaleTerm(MdsTerm highest) implements CommandReply {}

  record StaleGrant(long appliedRevision) implements CommandReply {}

  /** The replica is being installed and applies nothing; never said by a leader. */
  record NotServing() implements CommandReply {}
}
