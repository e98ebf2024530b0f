package io.kurve.testkit.disk;

import io.kurve.core.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Another disk as it is, for disks that change one thing of it. */
public class ForwardedDisk implements Disk {
  private final Disk disk;

  protected ForwardedDisk(Disk disk) {
    this.disk = disk;
  }

  @Override
  public String name() {
    return disk.name();
  }

  @Override
  public long sizeBytes() {
    return disk.sizeBytes();
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    disk.read(offset, target);
  }

  @Override
  public void write(long offset, ByteBuffer source) throws IOException {
    disk.write(offset, source);
  }

  @Override
  public void sync() throws IOException {
    disk.sync();
  }

  @Override
  public void writeDurably(long offset, ByteBuffer source) throws IOException {
    disk.writeDurably(offset, source);
  }

  @Override
  public void readDirect(long offset, ByteBuffer target) throws IOException {
    disk.readDirect(offset, target);
  }

  @Override
  public void close() throws IOException {
    disk.close();
  }
}
