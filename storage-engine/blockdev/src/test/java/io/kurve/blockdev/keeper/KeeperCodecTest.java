package io.kurve.blockdev.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.blockdev.keeper.KeptAttachment.KeptDevice;
import io.kurve.blockdev.keeper.KeptAttachment.KeptVolume;
import io.kurve.blockdev.keeper.KeptAttachment.KernelTerms;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.VolumeId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class KeeperCodecTest {
  private static final KeptAttachment KEPT =
      new KeptAttachment(
          new AttachmentId(4711),
          new KeptVolume(new VolumeId(9), "demo-ä", 4L << 30, 512, true, 3),
          new KeptDevice(7, "/dev/kurve/demo-ä"),
          new KernelTerms(64, 1 << 20, true));

  private static final List<KeeperMessage> ALL =
      List.of(
          new KeeperMessage.Succeed(),
          new KeeperMessage.Serving(),
          new KeeperMessage.Deposit(KEPT),
          new KeeperMessage.Remove(new AttachmentId(4711)),
          new KeeperMessage.Given(KEPT),
          new KeeperMessage.AllGiven(),
          new KeeperMessage.HandOver(),
          new KeeperMessage.Stop(),
          new KeeperMessage.Replace(),
          new KeeperMessage.Done(),
          new KeeperMessage.Refused("because"));

  @Test
  void theFirstVersionIsReadAndWrittenByteForByte() throws IOException {
    List<String> golden = golden();
    assertThat(golden).hasSameSizeAs(ALL);
    for (int i = 0; i < ALL.size(); i++) {
      assertThat(HexFormat.of().formatHex(KeeperCodec.encode(ALL.get(i)))).isEqualTo(golden.get(i));
      assertThat(KeeperCodec.decode(HexFormat.of().parseHex(golden.get(i)))).isEqualTo(ALL.get(i));
    }
  }

  @Test
  void aNewerVersionIsRefusedWithTheCure() {
    byte[] bytes = KeeperCodec.encode(new KeeperMessage.Stop());
    ByteBuffer.wrap(bytes).putShort(4, (short) 2);
    assertThatThrownBy(() -> KeeperCodec.decode(bytes))
        .isInstanceOfSatisfying(
            KurveException.class,
            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.UNSUPPORTED))
        .hasMessageContaining("version 2");
  }

  @Test
  void whatIsDamagedCutOffOrNoMessageIsRefused() {
    byte[] bytes = KeeperCodec.encode(new KeeperMessage.Deposit(KEPT));
    for (int i = 0; i < bytes.length; i++) {
      byte[] damaged = bytes.clone();
      damaged[i] ^= 1;
      assertThatThrownBy(() -> KeeperCodec.decode(damaged)).isInstanceOf(KurveException.class);
    }
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> KeeperCodec.decode(cut)).isInstanceOf(KurveException.class);
      if (length > 8) {
        CRC32C crc = new CRC32C();
        crc.update(cut, 0, length - 4);
        ByteBuffer.wrap(cut).putInt(length - 4, (int) crc.getValue());
        assertThatThrownBy(() -> KeeperCodec.decode(cut)).isInstanceOf(KurveException.class);
      }
    }
  }

  private static List<String> golden() throws IOException {
    try (InputStream file =
        KeeperCodecTest.class.getResourceAsStream("/golden/keeper-messages-v1.hex")) {
      assertThat(file).isNotNull();
      return new String(file.readAllBytes(), StandardCharsets.US_ASCII).lines().toList();
    }
  }
}
