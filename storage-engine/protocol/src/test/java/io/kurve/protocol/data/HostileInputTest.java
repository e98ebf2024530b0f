package io.kurve.protocol.data;

import static io.kurve.protocol.data.DataPlane.blocks;
import static io.kurve.protocol.data.DataPlane.call;
import static io.kurve.protocol.data.DataPlane.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.protocol.convert.DataMessages;
import io.kurve.protocol.frame.Frame;
import io.kurve.protocol.frame.FrameType;
import io.kurve.protocol.handshake.AskerHandshake;
import io.kurve.protocol.handshake.ClusterKey;
import io.kurve.protocol.handshake.Identity;
import io.kurve.protocol.handshake.Role;
import io.kurve.protocol.v1.Hello;
import io.kurve.protocol.v1.Proof;
import io.kurve.protocol.v1.Refused;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostileInputTest {
  @TempDir Path folder = Path.of("/");
  private DataPlane plane;

  @BeforeEach
  void start() {
    plane = new DataPlane(folder);
  }

  @AfterEach
  void stop() throws Exception {
    plane.close();
  }

  private DataServer server() {
    return plane.server((request, responder) -> responder.reply(DataPlane.echo(request)));
  }

  private byte[] hello() {
    return RawPeer.encode(
        Frame.of(
            FrameType.HELLO,
            0,
            new AskerHandshake(plane.client(), Optional.empty(), "raw").hello().toByteArray()));
  }

  private static byte[] readRequest() {
    DataRequest read = request(new DataRequest.Read(0, blocks(1)));
    return RawPeer.encode(Frame.of(FrameType.DATA_REQUEST, 1, DataMessages.header(read)));
  }

  private void assertServes(HostAndPort address) throws Exception {
    assertThat(
            call(
                plane.client(plane.client()), address, request(new DataRequest.Read(0, blocks(1)))))
        .isInstanceOf(DataReply.Data.class);
  }

  @Test
  void garbageHurtsNobodyElse() throws Exception {
    HostAndPort address = server().address();
    for (int seed = 0; seed < 200; seed++) {
      Random dice = new Random(seed);
      boolean authenticated = dice.nextBoolean();
      try (RawPeer peer = new RawPeer(address)) {
        if (authenticated) {
          peer.handshake(plane.client());
        }
        peer.sendIfOpen(garbage(dice, authenticated ? readRequest() : hello()));
        if (dice.nextInt(4) > 0) {
          peer.endOutput();
          assertThat(peer.isHungUp()).as("seed %d", seed).isTrue();
        }
      }
    }
    assertServes(address);
  }

  /** Noise, or a good frame that is cut, flipped or has other lengths. */
  private static byte[] garbage(Random dice, byte[] good) {
    switch (dice.nextInt(4)) {
      case 0 -> {
        byte[] noise = new byte[dice.nextInt(3000)];
        dice.nextBytes(noise);
        return noise;
      }
      case 1 -> {
        return Arrays.copyOf(good, dice.nextInt(good.length));
      }
      case 2 -> {
        byte[] flipped = good.clone();
        int bit = dice.nextInt(flipped.length * 8);
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        return flipped;
      }
      default -> {
        byte[] stretched = good.clone();
        ByteBuffer.wrap(stretched).putInt(dice.nextBoolean() ? 8 : 12, dice.nextInt());
        return stretched;
      }
    }
  }

  @Test
  void hugeLengthsCloseTheConnectionAtOnce() throws Exception {
    HostAndPort address = server().address();
    for (int position : new int[] {8, 12}) {
      for (int length : new int[] {Integer.MAX_VALUE, -1, 9 << 20}) {
        try (RawPeer peer = new RawPeer(address)) {
          peer.handshake(plane.client());
          byte[] frame = readRequest();
          ByteBuffer.wrap(frame).putInt(position, length);
          peer.send(frame);
          assertThat(peer.isHungUp()).isTrue();
        }
      }
    }
    assertServes(address);
  }

  @Test
  void requestsBeforeTheHandshakeAreNotServed() throws Exception {
    try (RawPeer peer = new RawPeer(server().address())) {
      peer.send(readRequest());
      assertThat(peer.isHungUp()).isTrue();
    }
  }

  @Test
  void aConnectionThatSaysNothingIsClosed() throws Exception {
    DataServerConfig impatient =
        new DataServerConfig(
            DataPlane.ANY_PORT, 1, 2, 16, 1 << 20, Duration.ofMillis(100), Duration.ofSeconds(60));
    HostAndPort address =
        plane.server(impatient, (request, responder) -> {}, Optional.empty()).address();
    try (RawPeer peer = new RawPeer(address)) {
      assertThat(peer.isHungUp()).isTrue();
    }
  }

  @Test
  void moreConnectionsThanTheLimitAreClosed() throws Exception {
    DataServerConfig narrow =
        new DataServerConfig(
            DataPlane.ANY_PORT, 1, 2, 16, 1 << 20, Duration.ofSeconds(30), Duration.ofSeconds(60));
    HostAndPort address =
        plane.server(narrow, (request, responder) -> {}, Optional.empty()).address();
    try (RawPeer first = new RawPeer(address);
        RawPeer second = new RawPeer(address)) {
      first.handshake(plane.client());
      second.handshake(plane.client());
      try (RawPeer third = new RawPeer(address)) {
        assertThat(third.isHungUp()).isTrue();
      }
    }
  }

  private Refused refusal(byte[] first) throws Exception {
    try (RawPeer peer = new RawPeer(server().address())) {
      peer.send(first);
      RawPeer.Received answer = peer.receive();
      assertThat(answer.type()).isEqualTo(5);
      assertThat(peer.isHungUp()).isTrue();
      return Refused.parseFrom(answer.header());
    }
  }

  @Test
  void aNewerVersionIsRefusedByName() throws Exception {
    Hello newer =
        new AskerHandshake(plane.client(), Optional.empty(), "raw")
            .hello().toBuilder().setProtocolVersion(2).build();
    Refused byHello = refusal(RawPeer.encode(Frame.of(FrameType.HELLO, 0, newer.toByteArray())));
    assertThat(byHello.getCode()).isEqualTo("UNSUPPORTED");
    assertThat(byHello.getText()).contains("version 2").contains("speaks 1");
    byte[] frame = hello();
    frame[4] = 2;
    assertThat(refusal(frame).getText()).contains("version 2").contains("speaks 1");
  }

  @Test
  void aForgedProofIsRefused() throws Exception {
    try (RawPeer peer = new RawPeer(server().address())) {
      peer.send(hello());
      assertThat(peer.receive().type()).isEqualTo(2);
      byte[] forged = Proof.newBuilder().build().toByteArray();
      peer.send(RawPeer.encode(Frame.of(FrameType.PROOF, 0, forged)));
      RawPeer.Received answer = peer.receive();
      assertThat(Refused.parseFrom(answer.header()).getText()).contains(plane.key.fingerprint());
      assertThat(peer.isHungUp()).isTrue();
    }
  }

  @Test
  void anotherClusterAndAnotherKeyAreRefusedWithBothValues() throws Exception {
    HostAndPort address = server().address();
    DataRequest read = request(new DataRequest.Read(0, blocks(1)));
    ClusterId foreign = new ClusterId(new UUID(1, 2));
    DataReply.Failed otherCluster =
        (DataReply.Failed)
            call(plane.client(Identity.of(foreign, plane.key, Role.CLIENT)), address, read);
    assertThat(otherCluster.code()).isEqualTo(ErrorCode.REFUSED);
    assertThat(otherCluster.why())
        .contains(foreign.toString())
        .contains(DataPlane.CLUSTER.toString());
    ClusterKey otherKey = ClusterKey.create(folder.resolve("other.key"));
    DataReply.Failed wrongKey =
        (DataReply.Failed)
            call(
                plane.client(Identity.of(DataPlane.CLUSTER, otherKey, Role.CLIENT)), address, read);
    assertThat(wrongKey.code()).isEqualTo(ErrorCode.REFUSED);
    assertThat(wrongKey.why()).contains(otherKey.fingerprint()).contains(plane.key.fingerprint());
  }
}
