package io.kurve.chunkserver.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * How other systems mark the disks that they own; the more telling ones first, since a boot sector
 * is part of many file systems.
 *
 * @param owner as messages name it
 * @param place where the bytes are
 * @param bytes what is there
 */
record DiskSignature(String owner, Place place, byte[] bytes) {

  /** Offsets from the start are positive; those from the end count whole granules back from it. */
  sealed interface Place {
    record FromStart(int offset) implements Place {}

    /**
     * @param granule the disk's size is first rounded down to this
     */
    record FromEnd(int distance, int granule) implements Place {}
  }

  private static final HexFormat HEX = HexFormat.of();
  private static final int SECTOR = 512;

  static final List<DiskSignature> KNOWN =
      List.of(
          hex("a LUKS encrypted volume", 0, "4c554b53babe"),
          hex("a LUKS encrypted volume", 0x4000, "534b554cbabe"),
          text("an XFS file system", 0, "XFSB"),
          hex("an ext2, ext3 or ext4 file system", 0x438, "53ef"),
          text("a Btrfs file system", 0x10040, "_BHRfS_M"),
          hex("a bcache device", 0x1018, "c68573f64e1a45ca8265f57f48ba6d81"),
          hex("a bcachefs file system", 0x1018, "c68573f666ce90a9d96a60cf803df7ef"),
          text("swap space", 4096 - 10, "SWAPSPACE2"),
          text("swap space", 4096 - 10, "SWAP-SPACE"),
          text("swap space", 65536 - 10, "SWAPSPACE2"),
          text("an LVM2 physical volume", 0x18, "LVM2 001"),
          text("an LVM2 physical volume", SECTOR + 0x18, "LVM2 001"),
          text("an LVM2 physical volume", 2 * SECTOR + 0x18, "LVM2 001"),
          text("an LVM2 physical volume", 3 * SECTOR + 0x18, "LVM2 001"),
          text("a Ceph BlueStore disk", 0, "bluestore block device"),
          text("a Ceph journal or data disk", 0, "ceph fsid"),
          hex("a member of a Linux RAID (mdraid 1.1)", 0, "fc4e2ba9"),
          hex("a member of a Linux RAID (mdraid 1.2)", 4096, "fc4e2ba9"),
          fromEnd("a member of a Linux RAID (mdraid 1.0)", 8192, 4096, "fc4e2ba9"),
          fromEnd("a member of a Linux RAID (mdraid 0.90)", 65536, 65536, "fc4e2ba9"),
          fromEnd("a member of a Linux RAID (mdraid 0.90)", 65536, 65536, "a92b4efc"),
          hex("an F2FS file system", 1024, "1020f5f2"),
          hex("an EROFS file system", 1024, "e2e1f5e0"),
          text("a SquashFS file system", 0, "hsqs"),
          text("a ReiserFS file system", 0x10034, "ReIsEr"),
          text("a JFS file system", 0x8000, "JFS1"),
          hex("a NILFS2 file system", 1030, "3434"),
          hex("a GFS2 file system", 0x10000, "01161970"),
          text("an OCFS2 file system", 0x2000, "OCFSV2"),
          text("an OCFS2 file system", 0x1000, "OCFSV2"),
          text("an APFS container", 32, "NXSB"),
          text("an HFS+ file system", 1024, "H+"),
          text("an HFS+ file system", 1024, "HX"),
          text("an ISO 9660 image", 0x8001, "CD001"),
          text("a UDF file system", 0x8001, "BEA01"),
          text("a VDO volume", 0, "dmvdo001"),
          text("a dm-integrity device", 0, "integrt"),
          text("a Stratis pool member", SECTOR + 4, "!Stra0tis"),
          text("a BitLocker volume", 3, "-FVE-FS-"),
          text("an NTFS file system", 3, "NTFS    "),
          text("an exFAT file system", 3, "EXFAT   "),
          text("a FAT file system", 82, "FAT32"),
          text("a FAT file system", 54, "FAT16"),
          text("a FAT file system", 54, "FAT12"),
          text("a GPT partition table", SECTOR, "EFI PART"),
          text("a GPT partition table", 4096, "EFI PART"),
          fromEnd("the backup of a GPT partition table", SECTOR, SECTOR, "4546492050415254"),
          fromEnd("the backup of a GPT partition table", 4096, 4096, "4546492050415254"),
          hex("an MBR partition table or boot sector", 510, "55aa"));

  /** ZFS has no fixed place: 128 uberblocks in each of four labels, in either byte order. */
  private static final long ZFS_UBERBLOCK_MAGIC = 0x00bab10cL;

  private static final int ZFS_LABEL_BYTES = 256 << 10;
  private static final int ZFS_UBERBLOCKS_OFFSET = 128 << 10;
  private static final int ZFS_UBERBLOCK_BYTES = 1 << 10;

  /**
   * Names the first owner found.
   *
   * @param start of the disk, from its first byte on
   * @param end of the disk, up to its last byte
   */
  static Optional<String> find(long diskBytes, ByteBuffer start, ByteBuffer end) {
    for (DiskSignature signature : KNOWN) {
      if (signature.isIn(diskBytes, start, end)) {
        return Optional.of(signature.owner);
      }
    }
    long endOffset = diskBytes - end.limit();
    long firstEndLabel = diskBytes / ZFS_LABEL_BYTES * ZFS_LABEL_BYTES - 2L * ZFS_LABEL_BYTES;
    boolean zfs =
        isZfsLabel(start, 0)
            || isZfsLabel(start, ZFS_LABEL_BYTES)
            || isZfsLabel(end, firstEndLabel - endOffset)
            || isZfsLabel(end, firstEndLabel + ZFS_LABEL_BYTES - endOffset);
    return zfs ? Optional.of("a member of a ZFS pool") : Optional.empty();
  }

  private boolean isIn(long diskBytes, ByteBuffer start, ByteBuffer end) {
    return switch (place) {
      case Place.FromStart(int offset) -> matches(start, offset);
      case Place.FromEnd(int distance, int granule) ->
          matches(end, diskBytes / granule * granule - distance - (diskBytes - end.limit()));
    };
  }

  private boolean matches(ByteBuffer edge, long at) {
    return at >= 0
        && at + bytes.length <= edge.limit()
        && edge.slice((int) at, bytes.length).equals(ByteBuffer.wrap(bytes));
  }

  private static boolean isZfsLabel(ByteBuffer edge, long label) {
    for (long at = label + ZFS_UBERBLOCKS_OFFSET;
        at < label + ZFS_LABEL_BYTES;
        at += ZFS_UBERBLOCK_BYTES) {
      if (at >= 0 && at + Long.BYTES <= edge.limit()) {
        long magic = edge.getLong((int) at);
        if (magic == ZFS_UBERBLOCK_MAGIC || Long.reverseBytes(magic) == ZFS_UBERBLOCK_MAGIC) {
          return true;
        }
      }
    }
    return false;
  }

  private static DiskSignature text(String owner, int offset, String text) {
    return new DiskSignature(
        owner, new Place.FromStart(offset), text.getBytes(StandardCharsets.US_ASCII));
  }

  private static DiskSignature hex(String owner, int offset, String digits) {
    return new DiskSignature(owner, new Place.FromStart(offset), HEX.parseHex(digits));
  }

  private static DiskSignature fromEnd(String owner, int distance, int granule, String digits) {
    return new DiskSignature(owner, new Place.FromEnd(distance, granule), HEX.parseHex(digits));
  }
}
