package io.kurve.blockdev.host;

import io.kurve.blockdev.fuse.FuseLimits;
import io.kurve.blockdev.fuse.FuseMounts;
import io.kurve.blockdev.keeper.KeptAttachment;
import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.OwnedDescriptor;
import io.kurve.client.BlockVolume;
import io.kurve.client.Resumption;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Volume;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes on with the attachments of the host before, who is dead. No attachment is taken anew: each
 * keeps its id, its mount and its device; if it was fenced meanwhile, the device answers EIO.
 *
 * <p>Where the kernel does not send unanswered requests again (before Linux 6.9) and the host
 * before did not end in order, those requests have no answer to come: the device is aborted.
 */
final class Inheritance {
  private static final Logger LOG = LoggerFactory.getLogger(Inheritance.class);
  private static final long RESUME_SECONDS = 5;

  private final FuseMounts mounts;
  private final Devices devices;
  private final DescriptorOwner descriptors;
  private final Keeping keeping;
  private final Function<Resumption, CompletionStage<BlockVolume>> resume;

  Inheritance(
      FuseMounts mounts,
      Devices devices,
      DescriptorOwner descriptors,
      Keeping keeping,
      Function<Resumption, CompletionStage<BlockVolume>> resume) {
    this.mounts = mounts;
    this.devices = devices;
    this.descriptors = descriptors;
    this.keeping = keeping;
    this.resume = resume;
  }

  /**
   * @return those that go on; the others are leftovers
   */
  List<AttachmentId> goOn(List<KeptAttachment> left, VolumeHost host) throws InterruptedException {
    List<AttachmentId> served = new ArrayList<>();
    List<Resumed> resumed = new ArrayList<>();
    for (KeptAttachment kept : left) {
      try {
        resume(kept).ifPresent(resumed::add);
      } catch (IOException | KurveException e) {
        LOG.error("{} of volume {} is lost", kept.attachment(), kept.volume().name(), e);
        abandon(kept);
      }
    }
    for (Resumed one : resumed) {
      try {
        serve(one, host);
        served.add(one.kept().attachment());
      } catch (IOException | KurveException | ExecutionException | TimeoutException e) {
        LOG.error(
            "{} of volume {} is lost", one.kept().attachment(), one.kept().volume().name(), e);
        abandon(one.kept());
      }
    }
    return served;
  }

  /** None of them is ours: their devices answer EIO from now on. */
  void abandonAll(List<KeptAttachment> left) {
    left.forEach(this::abandon);
  }

  private record Resumed(
      KeptAttachment kept, FuseMounts.Inherited mount, CompletableFuture<BlockVolume> volume) {}

  private Optional<Resumed> resume(KeptAttachment kept) throws IOException {
    FuseLimits limits =
        new FuseLimits(
            mounts.limits().readers(),
            kept.kernel().maxBackground(),
            kept.kernel().maxWriteBytes());
    FuseMounts.Inherited mount = mounts.inherit(kept.attachment(), limits, kept.kernel().resends());
    if (!mount.wasIdle() && !kept.kernel().resends()) {
      LOG.error(
          "volume {}: /dev/loop{} answers EIO: the volume host before was killed, and this kernel"
              + " does not send again what it left (Linux 6.9 does)",
          kept.volume().name(),
          kept.device().loop());
      abandon(kept);
      return Optional.empty();
    }
    return Optional.of(
        new Resumed(
            kept,
            mount,
            resume.apply(mount.resumption(volumeOf(kept.volume()))).toCompletableFuture()));
  }

  private void serve(Resumed one, VolumeHost host)
      throws IOException, InterruptedException, ExecutionException, TimeoutException {
    BlockVolume volume = one.volume().get(RESUME_SECONDS, TimeUnit.SECONDS);
    host.goOn(
        one.kept().volume().name(),
        onFailed -> devices.inherit(one.kept(), one.mount(), volume, onFailed));
    LOG.info(
        "volume {} goes on: /dev/loop{}, {}",
        one.kept().volume().name(),
        one.kept().device().loop(),
        one.kept().attachment());
  }

  private void abandon(KeptAttachment kept) {
    try {
      mounts.abort(kept.attachment());
    } catch (IOException e) {
      LOG.warn("{} was not aborted", kept.attachment(), e);
    }
    keeping.remove(kept.attachment());
    for (OwnedDescriptor descriptor : descriptors.of(kept.attachment())) {
      descriptors.close(kept.attachment(), descriptor.role());
    }
  }

  private static Volume volumeOf(KeptAttachment.KeptVolume kept) {
    return new Volume(
        kept.id(),
        kept.name(),
        kept.sizeBytes(),
        kept.logicalBlockBytes(),
        kept.shared(),
        kept.sequence(),
        Volume.State.ACTIVE,
        Instant.EPOCH,
        Optional.empty(),
        0);
  }
}
