package io.kurve.blockdev.host;

import io.kurve.blockdev.host.AttachmentState.Device;
import io.kurve.blockdev.host.AttachmentState.Failed;
import io.kurve.blockdev.host.AttachmentState.Opening;
import io.kurve.blockdev.host.AttachmentState.Releasing;
import io.kurve.blockdev.host.AttachmentState.Serving;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One attachment's state, and the lock that lets one operation at a time change what it has. */
final class VolumeAttachment {
  private static final Logger LOG = LoggerFactory.getLogger(VolumeAttachment.class);

  private final String volumeName;

  /** Held for the length of an attach, detach or resize. */
  private final ReentrantLock operation = new ReentrantLock();

  /** Guards the fields below, for moments only. */
  private final ReentrantLock lock = new ReentrantLock();

  private AttachmentState state = new Opening();
  private @Nullable String failure;

  VolumeAttachment(String volumeName) {
    this.volumeName = volumeName;
  }

  String volumeName() {
    return volumeName;
  }

  AttachmentState state() {
    lock.lock();
    try {
      return state;
    } finally {
      lock.unlock();
    }
  }

  void beginOperation(Duration deadline) throws InterruptedException {
    if (!operation.tryLock(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new KurveException(
          ErrorCode.IN_USE,
          "another attach, detach or resize of volume " + volumeName + " is still running",
          "try again, or detach by force when the volume is stalled");
    }
  }

  void endOperation() {
    operation.unlock();
  }

  /** The device can be used, unless it has failed while it was made. */
  void opened(Device device) {
    lock.lock();
    try {
      become(new Serving(device));
      if (failure != null) {
        become(new Failed(device, failure));
      }
    } finally {
      lock.unlock();
    }
  }

  /** From any thread, at any time; the first reason stays. */
  void failed(String why) {
    lock.lock();
    try {
      if (failure == null) {
        failure = why;
      }
      if (state instanceof Serving serving) {
        LOG.warn(
            "volume {}: {} answers every request with EIO from now on: {}",
            volumeName,
            serving.device().loop().path(),
            why);
        become(new Failed(serving.device(), failure));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Its device is about to go. */
  Device releasing() {
    lock.lock();
    try {
      Device device =
          device().orElseThrow(() -> new IllegalStateException(volumeName + " is " + state));
      become(new Releasing(device, Optional.ofNullable(failure)));
      return device;
    } finally {
      lock.unlock();
    }
  }

  /** The device stays after all. */
  void keptAfterAll() {
    lock.lock();
    try {
      if (state instanceof Releasing releasing) {
        become(
            failure == null
                ? new Serving(releasing.device())
                : new Failed(releasing.device(), failure));
      }
    } finally {
      lock.unlock();
    }
  }

  void released() {
    lock.lock();
    try {
      become(new AttachmentState.Released());
    } finally {
      lock.unlock();
    }
  }

  /** What it has now; empty before and after. */
  Optional<Device> device() {
    return switch (state()) {
      case Opening opening -> Optional.empty();
      case Serving serving -> Optional.of(serving.device());
      case Failed failed -> Optional.of(failed.device());
      case Releasing releasing -> Optional.of(releasing.device());
      case AttachmentState.Released released -> Optional.empty();
    };
  }

  boolean hasFailed() {
    lock.lock();
    try {
      return failure != null;
    } finally {
      lock.unlock();
    }
  }

  private void become(AttachmentState next) {
    if (!state.canBecome(next)) {
      throw new IllegalStateException(
          "volume " + volumeName + " can't go from " + state + " to " + next);
    }
    state = next;
  }
}
