package io.kurve.blockdev.host;

import io.kurve.blockdev.fuse.FuseMount;
import io.kurve.blockdev.fuse.FuseMounts;
import io.kurve.blockdev.host.AttachmentState.Device;
import io.kurve.blockdev.keeper.KeptAttachment;
import io.kurve.blockdev.loop.BoundLoop;
import io.kurve.blockdev.loop.DeviceLinks;
import io.kurve.blockdev.loop.DeviceUsers;
import io.kurve.blockdev.loop.LoopDevice;
import io.kurve.blockdev.loop.LoopDevices;
import io.kurve.client.BlockVolume;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes, grows and takes down what an opened volume has on this machine, in this order and back:
 * mount, loop device, link. The mount's directory stays until the attachment is given up: by it a
 * successor of this host knows whom it has to give up.
 */
public final class Devices {
  private static final Logger LOG = LoggerFactory.getLogger(Devices.class);

  /** The rest of the second in which a stall must turn into EIO is the kernel's. */
  private static final Duration ABORT_GRACE = Duration.ofMillis(300);

  private final FuseMounts mounts;
  private final LoopDevices loops;
  private final DeviceLinks links;
  private final LostDevices lost;
  private final Keeping keeping;

  /** Devices that die with this process. */
  public Devices(FuseMounts mounts, LoopDevices loops, DeviceLinks links, LostDevices lost) {
    this(mounts, loops, links, lost, Keeping.NONE);
  }

  Devices(
      FuseMounts mounts, LoopDevices loops, DeviceLinks links, LostDevices lost, Keeping keeping) {
    this.mounts = mounts;
    this.loops = loops;
    this.links = links;
    this.lost = lost;
    this.keeping = keeping;
  }

  /** Says early what can't work. */
  void verifyName(String volumeName) {
    Path ignored = links.of(volumeName);
  }

  /** By this a successor knows of the attachment, also after a loss of power. */
  void remember(AttachmentId attachment) throws IOException {
    mounts.remember(attachment);
  }

  /** All of it or, when it throws, nothing; the attachment is {@link #remember remembered}. */
  Device make(BlockVolume opened, Consumer<String> onFailed)
      throws IOException, InterruptedException {
    FuseMount mount = mounts.mount(opened, onFailed);
    try {
      LoopDevice loop =
          loops.configure(opened.attachment(), mount.file(), opened.volume().logicalBlockBytes());
      try {
        verify(opened, loop);
        Device device = new Device(opened, mount, loop, link(opened, loop));
        keeping.deposit(device);
        return device;
      } catch (IOException | RuntimeException e) {
        loop.release(() -> {});
        throw e;
      }
    } catch (IOException | RuntimeException e) {
      mount.close();
      throw e;
    }
  }

  /**
   * A device that another process made and served until it ended. Its requests are served from the
   * beginning of this on: the kernel asks for its file's attributes when it is looked at.
   */
  Device inherit(
      KeptAttachment kept,
      FuseMounts.Inherited inherited,
      BlockVolume volume,
      Consumer<String> onFailed)
      throws IOException {
    FuseMount mount = inherited.serve(volume, onFailed);
    LoopDevice loop = loops.inherit(kept.attachment(), kept.device().loop(), mount.file());
    if (loop.backingInode() != kept.attachment().value()) {
      mount.refuse(loop.path() + " is not backed by the file of " + kept.attachment());
    }
    return new Device(volume, mount, loop, Path.of(kept.device().link()));
  }

  /** Who uses it, other than those who hold it for us. */
  DeviceUsers users(Device device) throws IOException {
    return device.loop().users(keeping.processes());
  }

  /**
   * Leaves it to a successor.
   *
   * @return false when the kernel waits for answers at the deadline
   */
  boolean handOver(Device device, Duration deadline) throws InterruptedException {
    return device.mount().handOver(deadline);
  }

  /** A shared volume may have a device of another host of this machine under its name already. */
  private Path link(BlockVolume opened, LoopDevice loop) throws IOException {
    String name = opened.volume().name();
    if (!opened.volume().shared()) {
      return links.createAsOnlyHolder(name, loop.path());
    }
    try {
      return links.create(name, loop.path());
    } catch (KurveException e) {
      if (e.code() != ErrorCode.IN_USE) {
        throw e;
      }
      return links.create(name + ":" + opened.attachment().value(), loop.path());
    }
  }

  private static void verify(BlockVolume opened, LoopDevice loop) throws IOException {
    if (loop.backingInode() != opened.attachment().value()) {
      throw new KurveException(
          ErrorCode.INTERNAL,
          loop.path() + " is not backed by the file of " + opened.attachment(),
          "detach and attach again");
    }
    verifySize(opened.volume(), loop);
  }

  private static void verifySize(Volume volume, LoopDevice loop) throws IOException {
    if (loop.sizeBytes() != volume.sizeBytes()) {
      throw new KurveException(
          ErrorCode.INTERNAL,
          loop.path() + " has " + loop.sizeBytes() + " bytes, its volume " + volume.sizeBytes(),
          "resize again");
    }
  }

  /** The volume has its new size already. */
  void grow(Device device) throws IOException {
    // Asking for the size is what makes the kernel ask us: the loop driver uses what it knows.
    long ignored = Files.size(device.mount().file());
    device.loop().grow();
    verifySize(device.volume().volume(), device.loop());
    keeping.deposit(device);
  }

  /** What only the kernel's cache has becomes durable, or this fails. */
  void flush(Device device, Duration deadline) throws IOException, InterruptedException {
    device.loop().flush(deadline);
  }

  /**
   * The whole of it; nobody may be using it.
   *
   * @param late writes out what came after the first write-out, as long as somebody can write
   */
  void release(Device device, LoopDevice.WriteOut late) throws IOException, InterruptedException {
    AttachmentId attachment = device.volume().attachment();
    try {
      // Who holds it for us counts as a user: the kernel would not let it go.
      device.loop().releaseUnused(late, () -> keeping.remove(attachment), () -> removeLink(device));
    } catch (KurveException e) {
      keeping.deposit(device);
      throw e;
    }
    removeRest(device);
  }

  /**
   * Everything in flight and to come fails, within a second, with or without the volume's help:
   * processes that hang in it go on, and the device can be unmounted.
   */
  void abort(Device device, String why) throws IOException, InterruptedException {
    device.mount().refuse(why);
    device.volume().abort(why);
    if (!device.mount().awaitIdle(ABORT_GRACE)) {
      LOG.warn(
          "{} requests on {} did not end: the kernel ends them",
          device.mount().inFlight(),
          device.loop().path());
    }
    device.mount().abort();
  }

  /** After an abort: what still uses the device keeps a dead one until it lets go. */
  void releaseByForce(Device device) throws IOException, InterruptedException {
    keeping.remove(device.volume().attachment());
    lost.note(new BoundLoop(device.loop().number(), device.mount().file()));
    device.loop().release(() -> removeLink(device));
    removeRest(device);
  }

  /** The cluster counts it no more: from now on a successor need not give it up. */
  void forget(AttachmentId attachment) {
    try {
      mounts.forget(attachment);
    } catch (IOException e) {
      LOG.warn("the directory of {} could not be removed", attachment, e);
    }
  }

  /**
   * Its name is for the next device of the volume, on this machine or none; this one goes on
   * answering EIO to whoever has it.
   */
  void removeLink(Device device) throws IOException {
    links.remove(device.link(), device.loop().path());
  }

  private void removeRest(Device device) throws IOException, InterruptedException {
    device.mount().close();
    mounts.forgetMetrics(device.volume().volume().name());
  }
}
