package io.kurve.blockdev.host;

import io.kurve.blockdev.fuse.FuseLimits;
import io.kurve.blockdev.fuse.FuseMetrics;
import io.kurve.blockdev.fuse.FuseMounts;
import io.kurve.blockdev.loop.DeadDevices;
import io.kurve.blockdev.loop.DeviceLinks;
import io.kurve.blockdev.loop.LoopDevices;
import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Posix;
import io.kurve.core.failure.FaultHandler;
import io.prometheus.client.CollectorRegistry;
import java.nio.file.Path;

/**
 * The kernel's side of a volume host, wired up.
 *
 * @param descriptors all that a successor would need to go on serving
 */
public record BlockDevices(
    Devices devices, FuseMounts mounts, Leftovers leftovers, DescriptorOwner descriptors) {
  /**
   * @param run locked for as long as any of this is used
   */
  static BlockDevices in(
      RunDirectory run,
      Path linkDirectory,
      Held held,
      Posix posix,
      CollectorRegistry registry,
      FaultHandler faults) {
    DescriptorOwner descriptors = held.descriptors();
    LoopDevices loops = new LoopDevices(posix, descriptors);
    DeviceLinks links =
        new DeviceLinks(linkDirectory, run.mounts(), run::isOfSameCluster, new DeadDevices(posix));
    FuseMounts mounts =
        new FuseMounts(
            posix,
            descriptors,
            run.mounts(),
            FuseLimits.standard(),
            new FuseMetrics(registry),
            faults);
    return new BlockDevices(
        new Devices(mounts, loops, links, run.lost(), held.keeping()),
        mounts,
        new Leftovers(posix, loops, links, run.mounts()),
        descriptors);
  }

  /**
   * @param keeping who holds them too
   */
  record Held(DescriptorOwner descriptors, Keeping keeping) {}
}
