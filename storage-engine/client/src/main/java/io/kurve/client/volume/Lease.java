package io.kurve.client.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews the attachment every third of its lease. An MDS that does not answer changes nothing: the
 * writer goes on past its lease until it is fenced.
 */
final class Lease {
  private static final Logger LOG = LoggerFactory.getLogger(Lease.class);

  private final VolumePorts ports;
  private final Session session;
  private final MetadataCalls metadata;
  private final Turn turn;
  private final Duration interval;
  private boolean stopped;
  private boolean failing;

  Lease(
      VolumePorts ports,
      Session session,
      MetadataCalls metadata,
      Turn turn,
      Duration leaseDuration) {
    this.ports = ports;
    this.session = session;
    this.metadata = metadata;
    this.turn = turn;
    this.interval = leaseDuration.dividedBy(3);
  }

  void start() {
    var unused = ports.loop().schedule(interval, () -> turn.enter(this::renew));
  }

  /**
   * Asks at once whether the attachment still holds, and goes on renewing it.
   *
   * @param answered runs when the MDS has said something, or could not be asked
   */
  void confirm(Runnable answered) {
    metadata.askOnce(
        () -> ports.metadata().renew(session.host(), List.of(session.attachment())),
        fenced -> {
          renewed(fenced);
          answered.run();
        },
        failure -> {
          notRenewed(failure);
          answered.run();
        });
  }

  void stop() {
    stopped = true;
  }

  private void renew() {
    if (stopped || session.isFenced()) {
      return;
    }
    metadata.askOnce(
        () -> ports.metadata().renew(session.host(), List.of(session.attachment())),
        this::renewed,
        this::notRenewed);
  }

  private void renewed(List<AttachmentId> fenced) {
    if (stopped) {
      return;
    }
    if (fenced.contains(session.attachment())) {
      session.fence("the MDS fenced it");
      return;
    }
    if (failing) {
      failing = false;
      LOG.info("volume '{}': the lease is renewed again", session.volume().name());
    }
    start();
  }

  private void notRenewed(KurveException failure) {
    if (stopped) {
      return;
    }
    if (failure.code() == ErrorCode.FENCED) {
      session.fence(failure.text());
      return;
    }
    if (!failing) {
      failing = true;
      LOG.warn(
          "volume '{}': the lease was not renewed, I/O goes on: {}",
          session.volume().name(),
          failure.oneLine());
    }
    start();
  }
}
