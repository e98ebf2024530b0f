package io.kurve.blockdev.loop;

import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.Errno;
import io.kurve.blockdev.posix.OwnedDescriptor;
import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Makes loop devices and finds those that are there. */
public final class LoopDevices {
  private static final Path SYSFS = Path.of("/sys/block");
  private static final int ATTEMPTS = 16;

  private final Posix posix;
  private final LoopControl control;
  private final DescriptorOwner descriptors;

  public LoopDevices(Posix posix, DescriptorOwner descriptors) {
    this.posix = posix;
    this.control = new LoopControl(posix);
    this.descriptors = descriptors;
  }

  /**
   * Makes a block device of the file.
   *
   * @param logicalBlockBytes 512 or 4096
   * @throws KurveException UNSUPPORTED when loop devices or direct I/O can't be had: without direct
   *     I/O the kernel would acknowledge what only its cache has
   */
  public LoopDevice configure(AttachmentId attachment, Path backingFile, int logicalBlockBytes)
      throws IOException {
    int backing = posix.open(backingFile.toString(), Posix.O_RDWR);
    try {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        int number = findFree();
        Optional<LoopDevice> device = tryConfigure(attachment, number, backing, logicalBlockBytes);
        if (device.isPresent()) {
          verifyDirect(device.get(), backingFile);
          return device.get();
        }
      }
    } finally {
      posix.close(backing);
    }
    throw new KurveException(
        ErrorCode.UNAVAILABLE,
        "every free loop device was taken by somebody else, " + ATTEMPTS + " times in a row",
        "try again");
  }

  /**
   * A device that another process configured; its descriptor is owned already.
   *
   * @throws KurveException INTERNAL when it has another file by now, or went past the cache
   */
  public LoopDevice inherit(AttachmentId attachment, int number, Path backingFile)
      throws IOException {
    OwnedDescriptor owned =
        descriptors.of(attachment).stream()
            .filter(descriptor -> descriptor.role() == OwnedDescriptor.Role.LOOP_DEVICE)
            .findFirst()
            .orElseThrow(() -> new IllegalStateException(attachment + " has no loop device"));
    LoopDevice device = new LoopDevice(posix, control, descriptors, owned, number);
    if (!backingFile(number).equals(Optional.of(backingFile)) || !device.isDirect()) {
      throw new KurveException(
          ErrorCode.INTERNAL,
          device.path() + " is not the device that serves " + backingFile + " directly",
          "detach and attach again");
    }
    return device;
  }

  /** All loop devices whose backing file is below the directory, by number. */
  public List<BoundLoop> boundBelow(Path directory) throws IOException {
    return bound().stream().filter(loop -> loop.backingFile().startsWith(directory)).toList();
  }

  /** All loop devices that have a backing file, by number. */
  static List<BoundLoop> bound() throws IOException {
    List<BoundLoop> bound = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(SYSFS, "loop*")) {
      for (Path entry : entries) {
        int number = Integer.parseInt(entry.getFileName().toString().substring("loop".length()));
        backingFile(number).ifPresent(file -> bound.add(new BoundLoop(number, file)));
      }
    }
    bound.sort(Comparator.comparingInt(BoundLoop::number));
    return bound;
  }

  /** Empty when the device is free or isn't there. */
  static Optional<Path> backingFile(int number) throws IOException {
    try {
      return Optional.of(
          Path.of(Files.readString(SYSFS.resolve("loop" + number + "/loop/backing_file")).strip()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      if (!Files.exists(SYSFS.resolve("loop" + number + "/loop/backing_file"))) {
        return Optional.empty(); // it went while we looked
      }
      throw e;
    }
  }

  private int findFree() throws PosixException {
    try {
      return control.findFree();
    } catch (PosixException e) {
      if (e.is(Errno.ENOENT) || e.is(Errno.ENODEV) || e.is(Errno.ENXIO)) {
        throw new KurveException(
            ErrorCode.UNSUPPORTED,
            "no loop devices here: " + e.getMessage(),
            "load the module (modprobe loop), or give the container /dev/loop-control",
            e);
      }
      if (e.is(Errno.EPERM) || e.is(Errno.EACCES)) {
        throw new KurveException(
            ErrorCode.UNSUPPORTED,
            "no loop devices here: " + e.getMessage(),
            "run the volume host as root, with CAP_SYS_ADMIN",
            e);
      }
      throw e;
    }
  }

  private Optional<LoopDevice> tryConfigure(
      AttachmentId attachment, int number, int backing, int logicalBlockBytes) throws IOException {
    String name = "/dev/loop" + number;
    DeviceNumber identity = DeviceNumber.ofBlock("loop" + number);
    makeNodeIfMissing(name, identity);
    int writable = posix.open(name, Posix.O_RDWR);
    try {
      control.configure(writable, name, backing, logicalBlockBytes);
      return Optional.of(keep(attachment, number, writable));
    } catch (PosixException e) {
      if (e.is(Errno.EBUSY)) {
        return Optional.empty();
      }
      throw e;
    } finally {
      posix.close(writable);
    }
  }

  /**
   * What is kept open is open for reading, else kernels that protect mounted devices from writers
   * would not let it be mounted.
   */
  private LoopDevice keep(AttachmentId attachment, int number, int writable) throws PosixException {
    String name = "/dev/loop" + number;
    try {
      OwnedDescriptor kept =
          descriptors.own(
              attachment, OwnedDescriptor.Role.LOOP_DEVICE, posix.open(name, Posix.O_RDONLY));
      return new LoopDevice(posix, control, descriptors, kept, number);
    } catch (PosixException | RuntimeException e) {
      control.clear(writable, name);
      throw e;
    }
  }

  private void makeNodeIfMissing(String name, DeviceNumber identity) throws PosixException {
    if (Files.notExists(Path.of(name))) {
      try {
        posix.makeBlockNode(name, identity.major(), identity.minor());
      } catch (PosixException e) {
        if (!e.is(Errno.EEXIST)) {
          throw e;
        }
      }
    }
  }

  private void verifyDirect(LoopDevice device, Path backingFile) throws IOException {
    if (!device.isDirect()) {
      device.release(() -> {});
      throw new KurveException(
          ErrorCode.UNSUPPORTED,
          device.path() + " would not do direct I/O on " + backingFile,
          "its writes could be lost after they were acknowledged; see dmesg for the driver's"
              + " reason");
    }
  }
}
