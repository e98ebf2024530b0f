package io.kurve.protocol.handshake;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The secret that all processes of a cluster share: 32 random bytes, in a file as one line of hex
 * that only its owner can read. Never printed; {@link #fingerprint} names it.
 */
public final class ClusterKey {
  private static final int KEY_BYTES = 32;
  private static final long MAX_FILE_BYTES = 1024;
  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(
          PosixFilePermission.OWNER_READ,
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.OWNER_EXECUTE);

  private final SecretKeySpec key;

  private ClusterKey(byte[] secret) {
    this.key = new SecretKeySpec(secret, "HmacSHA256");
  }

  /**
   * @throws KurveException REFUSED when others can read the file, BAD_STORE when it is no key,
   *     NOT_FOUND when it is not there
   */
  public static ClusterKey load(Path file) {
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      if (!OWNER_ONLY.containsAll(permissions)) {
        throw new KurveException(
            ErrorCode.REFUSED,
            "key file "
                + file
                + " has mode "
                + PosixFilePermissions.toString(permissions)
                + ": others than its owner may read or write it",
            "chmod 600 " + file);
      }
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw notAKey(file, null);
      }
      String text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
      byte[] secret = HexFormat.of().parseHex(text);
      if (secret.length != KEY_BYTES) {
        throw notAKey(file, null);
      }
      return new ClusterKey(secret);
    } catch (NoSuchFileException missing) {
      throw new KurveException(
          ErrorCode.NOT_FOUND,
          "key file " + file + " is not there",
          "copy it from where the cluster was made, or name another file",
          missing);
    } catch (IllegalArgumentException notHex) {
      throw notAKey(file, notHex);
    } catch (IOException unreadable) {
      throw new KurveException(
          ErrorCode.REFUSED,
          "key file " + file + " can't be read: " + unreadable,
          "run this as the file's owner, or name another file",
          unreadable);
    }
  }

  /**
   * Makes a new key and its file, durable on return.
   *
   * @throws KurveException ALREADY_EXISTS when there is such a file
   */
  public static ClusterKey create(Path file) {
    byte[] secret = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(secret);
    byte[] text = (HexFormat.of().formatHex(secret) + "\n").getBytes(StandardCharsets.US_ASCII);
    Path directory = file.toAbsolutePath().getParent();
    try (FileChannel channel =
        FileChannel.open(
            file,
            EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(
                EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE)))) {
      ByteBuffer content = ByteBuffer.wrap(text);
      while (content.hasRemaining()) {
        var _ = channel.write(content);
      }
      channel.force(true);
      if (directory != null) {
        try (FileChannel parent = FileChannel.open(directory)) {
          parent.force(true);
        }
      }
      return new ClusterKey(secret);
    } catch (FileAlreadyExistsException exists) {
      throw new KurveException(
          ErrorCode.ALREADY_EXISTS,
          "key file " + file + " is already there",
          "a cluster's key is made once: use it, or choose another place",
          exists);
    } catch (IOException failed) {
      throw new UncheckedIOException("key file " + file + " can't be written", failed);
    }
  }

  private static KurveException notAKey(Path file, @Nullable Throwable cause) {
    return new KurveException(
        ErrorCode.BAD_STORE,
        "key file " + file + " is not a Kurve key: it must be 64 hex digits",
        "restore it from where the cluster was made",
        cause);
  }

  /** Eight hex digits by which people can compare keys; they tell nothing about the key. */
  public String fingerprint() {
    byte[] digest = hmac("kurve key fingerprint".getBytes(StandardCharsets.US_ASCII));
    return HexFormat.of().formatHex(digest, 0, 4);
  }

  /** HMAC-SHA256 over the parts, one after the other. */
  byte[] hmac(byte[]... parts) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      for (byte[] part : parts) {
        mac.update(part);
      }
      return mac.doFinal();
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  @Override
  public String toString() {
    return "key " + fingerprint();
  }
}
