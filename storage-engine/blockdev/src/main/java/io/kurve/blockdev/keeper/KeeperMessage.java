package io.kurve.blockdev.keeper;

import io.kurve.core.id.AttachmentId;

/**
 * What a keeper, its volume hosts and whoever replaces one say to each other.
 *
 * <pre>
 *   host                         keeper                        operator
 *    | -- Succeed -----------------&gt; |                              |
 *    |                               |  waits until the one before  |
 *    | &lt;-- Given*, AllGiven -------- |  is proven dead              |
 *    | -- Serving ----------------&gt;  |                              |
 *    | -- Deposit, Remove ---------&gt; |                              |
 *    | &lt;-- Done -------------------- |                              |
 *    |                               | &lt;-- Replace ---------------- |
 *    | &lt;-- HandOver ---------------- |  once a successor waits      |
 *    |  (ends)                       | --- Done or Refused -------&gt; |
 *    | &lt;-- Stop -------------------- |  (SIGTERM)                   |
 * </pre>
 *
 * A host whose keeper died says Serving to the next one, and deposits all again.
 */
public sealed interface KeeperMessage {
  /** This host is ready to take everything over. */
  record Succeed() implements KeeperMessage {}

  /** This host serves. */
  record Serving() implements KeeperMessage {}

  /** Comes with the descriptors: FUSE connection, loop device, table of flights. */
  record Deposit(KeptAttachment kept) implements KeeperMessage {}

  record Remove(AttachmentId attachment) implements KeeperMessage {}

  /** Comes with the descriptors, as they were deposited. */
  record Given(KeptAttachment kept) implements KeeperMessage {}

  record AllGiven() implements KeeperMessage {}

  /** Answer what was read, leave the rest, and end. */
  record HandOver() implements KeeperMessage {}

  /** Detach all, and end. */
  record Stop() implements KeeperMessage {}

  /** Put another process in the host's place. */
  record Replace() implements KeeperMessage {}

  record Done() implements KeeperMessage {}

  record Refused(String why) implements KeeperMessage {}
}
