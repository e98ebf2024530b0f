package io.kurve.mds.volume;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.metadata.Volume;
import io.kurve.core.unit.ByteSize;
import io.kurve.core.unit.Geometry;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import io.kurve.mds.state.Image;
import io.kurve.mds.state.Versioned;

/**
 * How much volumes may have by their sizes, written or not.
 *
 * <pre>
 *   sizes of all volumes, deleted ones that can be had back too  <=  capacity of the pool * overcommit
 *   size of one volume                                           <=  capacity of the pool
 * </pre>
 *
 * One whose destruction has begun counts no more: nobody can stop that, and its space is on its
 * way.
 */
final class VolumeSpace {
  private VolumeSpace() {}

  /** What the sizes of all volumes come to. */
  private static long committedBytes(Image image) {
    return bytes(image, Volume.State.ACTIVE) + binnedBytes(image);
  }

  private static long binnedBytes(Image image) {
    return bytes(image, Volume.State.DELETED);
  }

  private static long bytes(Image image, Volume.State state) {
    return image.volumes().values().stream()
        .map(Versioned::record)
        .filter(volume -> volume.state() == state)
        .mapToLong(VolumeRecord::sizeBytes)
        .sum();
  }

  /**
   * @param beforeBytes what the volume has already
   * @throws KurveException NO_SPACE, or UNAVAILABLE before the pool is founded
   */
  static void refuseTooMuch(Image image, String name, long sizeBytes, long beforeBytes) {
    ByteSize capacity =
        SegmentAllocator.capacity(image)
            .orElseThrow(() ->
                new KurveException(
                    ErrorCode.UNAVAILABLE,
                    "there is no room for volume " + name + " yet: the pool waits for its disks",
                    "see `kurve cluster status`"));
    long others = committedBytes(image) - beforeBytes;
    long limit = image.policy().limitBytes(capacity.bytes());
    if (sizeBytes > capacity.bytes()) {
      throw new KurveException(
          ErrorCode.NO_SPACE,
          "volume %s of %s is larger than the pool, which holds %s"
              .formatted(name, new ByteSize(sizeBytes).toExact(), capacity.toExact()),
          capacity.bytes() == 0
              ? "its disks are too small: see `kurve cluster status`"
              : cure(Math.min(capacity.bytes(), limit - others), beforeBytes));
    }
    if (sizeBytes > limit - others) {
      throw new KurveException(
          ErrorCode.NO_SPACE,
          tooMuch(image, name, sizeBytes, others, capacity),
          cure(Math.min(capacity.bytes(), limit - others), beforeBytes));
    }
  }

  private static String tooMuch(
      Image image, String name, long sizeBytes, long others, ByteSize capacity) {
    int percent = image.policy().overcommitPercent();
    long limit = image.policy().limitBytes(capacity.bytes());
    long binned = binnedBytes(image);
    return "volume %s of %s does not fit: all volumes together would have %s%s, and the pool holds %s%s"
        .formatted(
            name,
            new ByteSize(sizeBytes).toExact(),
            new ByteSize(others + sizeBytes).toExact(),
            binned == 0
                ? ""
                : " (%s of that are deleted and can be had back)"
                    .formatted(new ByteSize(binned).toExact()),
            capacity.toExact(),
            percent == 100
                ? ""
                : ", of which they may have %s %% (%s)"
                    .formatted(percent, new ByteSize(limit).toExact()));
  }

  /**
   * Names what can be had, if that is any more than the volume has.
   *
   * @param mostBytes with regard to both bounds
   */
  private static String cure(long mostBytes, long beforeBytes) {
    long granules = Math.max(0, mostBytes) / Geometry.VOLUME_GRANULE_BYTES;
    ByteSize most = new ByteSize(granules * Geometry.VOLUME_GRANULE_BYTES);
    return (most.bytes() <= beforeBytes ? "" : "ask for at most " + most.toArgument() + ", ")
        + "delete volumes, purge deleted ones, or add disks";
  }
}
