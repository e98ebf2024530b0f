package io.kurve.mds.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ClusterId;
import io.kurve.core.id.CopysetGeneration;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreGeneration;
import io.kurve.core.id.StoreId;
import io.kurve.core.id.StoreStart;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverRegistry.Addresses;
import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metadata.MetadataService.AccessMode;
import io.kurve.core.metadata.SegmentMap;
import io.kurve.core.metadata.Volume;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.core.metastore.Bytes;
import io.kurve.mds.record.StoredRecord.AttachmentsRecord;
import io.kurve.mds.record.StoredRecord.Binned;
import io.kurve.mds.record.StoredRecord.ChunkserverRecord;
import io.kurve.mds.record.StoredRecord.ClusterRecord;
import io.kurve.mds.record.StoredRecord.CopysetRecord;
import io.kurve.mds.record.StoredRecord.DrainRecord;
import io.kurve.mds.record.StoredRecord.DurableRecord;
import io.kurve.mds.record.StoredRecord.Holding;
import io.kurve.mds.record.StoredRecord.IdCounterRecord;
import io.kurve.mds.record.StoredRecord.IdKind;
import io.kurve.mds.record.StoredRecord.MoveRecord;
import io.kurve.mds.record.StoredRecord.MoveStep;
import io.kurve.mds.record.StoredRecord.PolicyRecord;
import io.kurve.mds.record.StoredRecord.RetentionClockRecord;
import io.kurve.mds.record.StoredRecord.RetiredRecord;
import io.kurve.mds.record.StoredRecord.SegmentRecord;
import io.kurve.mds.record.StoredRecord.VolumeRecord;
import io.kurve.testkit.golden.GoldenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RecordCodecTest {
  private static final Instant WHEN = Instant.parse("2026-11-01T10:20:30.456Z");
  private static final StoreId STORE = StoreId.parse("11111111-2222-3333-4444-555555555555");
  private static final CopysetKey COPYSET =
      new CopysetKey(new CopysetId(4), new CopysetGeneration(1));

  /** Kind, type and version of each, as docs/ON_DISK_FORMAT.md has them. */
  private static final Pattern DOCUMENTED =
      Pattern.compile("\\| (\\d+) \\| `(\\w+Record)` \\| (\\d+) \\|");

  @Test
  void allKindsAreDocumented() throws IOException {
    Set<String> written = new TreeSet<>();
    Set<Class<?>> types = new HashSet<>();
    records()
        .map(arguments -> (StoredRecord) arguments.get()[1])
        .forEach(record -> {
          byte[] bytes = RecordCodec.encode(record).toArray();
          types.add(record.getClass());
          written.add(bytes[1] + " " + record.getClass().getSimpleName() + " " + bytes[2]);
        });
    assertThat(types).containsExactlyInAnyOrder(StoredRecord.class.getPermittedSubclasses());
    String page = Files.readString(Path.of("../../docs/ON_DISK_FORMAT.md"));
    assertThat(
            DOCUMENTED
                .matcher(page)
                .results()
                .map(row -> row.group(1) + " " + row.group(2) + " " + row.group(3)))
        .containsExactlyInAnyOrderElementsOf(written);
  }

  static Stream<Arguments> records() {
    ReplicaId replica = new ReplicaId(new ChunkserverId(1), STORE);
    ReplicaId learner = new ReplicaId(new ChunkserverId(2), STORE);
    return Stream.of(
        Arguments.of(
            "cluster-v1.hex",
            new ClusterRecord(
                ClusterId.parse("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"), 3, 5, 16, WHEN)),
        Arguments.of(
            "policy-v1.hex", new PolicyRecord(new VolumePolicy(150, Duration.ofHours(24)))),
        Arguments.of("ids-general-v1.hex", new IdCounterRecord(IdKind.GENERAL, 4096)),
        Arguments.of("ids-attachment-v1.hex", new IdCounterRecord(IdKind.ATTACHMENT, 4097)),
        Arguments.of(
            "chunkserver-v2.hex",
            new ChunkserverRecord(
                replica,
                new StoreStart(new StoreGeneration(7), 0x1122334455667788L),
                new Addresses(
                    new HostAndPort("10.0.0.1", 7500),
                    new HostAndPort("10.0.0.1", 7501),
                    new HostAndPort("10.0.0.1", 7502)),
                "server-ä",
                "disk-1",
                500,
                WHEN,
                Optional.of("it is old"))),
        Arguments.of(
            "durable-v2.hex",
            new DurableRecord(
                new ChunkserverId(1),
                new StoreGeneration(7),
                new TreeMap<>(Map.of(COPYSET, 123_456_789_012L)),
                4_321)),
        Arguments.of(
            "copyset-v2.hex",
            new CopysetRecord(
                COPYSET,
                new Membership(List.of(replica), List.of(learner)),
                learner.chunkserver(),
                3)),
        Arguments.of(
            "move-v1.hex",
            new MoveRecord(COPYSET.id(), replica, learner, MoveStep.LEARN, "disk-1 is gone", WHEN)),
        Arguments.of("retired-v1.hex", new RetiredRecord(COPYSET, replica)),
        Arguments.of("drain-v1.hex", new DrainRecord(replica.chunkserver(), WHEN)),
        Arguments.of(
            "volume-v2.hex",
            volume(
                Volume.State.DELETED, Optional.of(new Binned(WHEN, 90_000, Duration.ofHours(24))))),
        Arguments.of(
            "retention-clock-v1.hex",
            new RetentionClockRecord(90_000, Optional.of("it went forth"))),
        Arguments.of(
            "attachments-v1.hex",
            new AttachmentsRecord(
                new VolumeId(20),
                List.of(
                    new Holding(new AttachmentId(2), "h1", "r1", AccessMode.EXCLUSIVE, WHEN, true),
                    new Holding(new AttachmentId(3), "h2", "r2", AccessMode.SHARED, WHEN, false)))),
        Arguments.of(
            "segment-v1.hex",
            new SegmentRecord(
                new SegmentMap(
                    new VolumeId(20),
                    2,
                    new ChunkId(21),
                    List.of(new CopysetId(4), new CopysetId(5))))));
  }

  @ParameterizedTest
  @MethodSource("records")
  void everyRecordIsReadAndWrittenAsItsGoldenFile(String golden, StoredRecord record) {
    GoldenFile file = new GoldenFile(RecordCodecTest.class, golden);
    file.assertWrites(RecordCodec.encode(record).toArray());
    assertThat(RecordCodec.decode(record.key(), Bytes.copyOf(file.read()))).isEqualTo(record);
  }

  @Test
  void aRecordOfVersionOneOfWhatIsDurableSaysNothingOfTheRevision() {
    byte[] old = new GoldenFile(RecordCodecTest.class, "durable-v1.hex").read();
    DurableRecord read =
        (DurableRecord) RecordCodec.decode("kurve/durable/0000000000000001", Bytes.copyOf(old));
    assertThat(read.seenRevision()).isZero();
    assertThat(read.durableIndexes()).containsEntry(COPYSET, 123_456_789_012L);
  }

  private static VolumeRecord volume(Volume.State state, Optional<Binned> binned) {
    return new VolumeRecord(
        new VolumeId(20),
        "demo",
        4L << 30,
        512,
        false,
        1,
        state,
        WHEN,
        Optional.of(new Volume.Formatted("ext4", "0-1")),
        "request-1",
        binned);
  }

  @Test
  void aVolumeOfVersionOneHasNeverBeenInTheRecycleBin() {
    byte[] old = new GoldenFile(RecordCodecTest.class, "volume-v1.hex").read();
    VolumeRecord same = volume(Volume.State.DELETING, Optional.empty());
    assertThat(RecordCodec.decode(same.key(), Bytes.copyOf(old))).isEqualTo(same);
  }

  @Test
  void aRecordOfVersionOneOfAChunkserverNamesNoStart() {
    byte[] old = new GoldenFile(RecordCodecTest.class, "chunkserver-v1.hex").read();
    ChunkserverRecord read =
        (ChunkserverRecord)
            RecordCodec.decode("kurve/chunkserver/0000000000000001", Bytes.copyOf(old));
    assertThat(read.start()).isEqualTo(new StoreStart(new StoreGeneration(7), StoreStart.UNTOLD));
    assertThat(read.suspended()).contains("it is old");
  }

  @Test
  void aCopysetOfVersionOneHasItsFounders() {
    CopysetRecord copyset =
        (CopysetRecord) RecordCodec.decode(copysetKey(), golden("copyset-v1.hex"));
    assertThat(copyset.epoch()).isZero();
    assertThat(copyset.membership().learners()).hasSize(1);
  }

  private static String copysetKey() {
    return "kurve/copyset/%016x".formatted(COPYSET.id().value());
  }

  private static Bytes golden(String name) {
    return Bytes.copyOf(new GoldenFile(RecordCodecTest.class, name).read());
  }

  @ParameterizedTest
  @MethodSource("records")
  void aFlippedBitOrAMissingByteIsDamage(String golden, StoredRecord record) {
    byte[] good = RecordCodec.encode(record).toArray();
    for (int bit = 0; bit < good.length * 8; bit++) {
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      assertBad(record.key(), bad);
    }
    for (int length = 0; length < good.length; length++) {
      assertBad(record.key(), java.util.Arrays.copyOf(good, length));
    }
    assertBad("kurve/other", good);
  }

  @ParameterizedTest
  @MethodSource("records")
  void aNewerVersionIsRefusedWithTheCure(String golden, StoredRecord record) {
    byte[] newer = RecordCodec.encode(record).toArray();
    newer[2]++;
    seal(newer);
    assertThatThrownBy(() -> RecordCodec.decode(record.key(), Bytes.copyOf(newer)))
        .hasMessageContaining("version " + newer[2])
        .hasMessageContaining(record.key())
        .extracting(failure -> ((KurveException) failure).cure())
        .asString()
        .contains("newer version");
  }

  @Test
  void aKindOrStateThatNobodyKnowsIsDamage() {
    IdCounterRecord record = new IdCounterRecord(IdKind.GENERAL, 1);
    for (int at : new int[] {1, 3}) {
      byte[] bad = RecordCodec.encode(record).toArray();
      bad[at] = 99;
      seal(bad);
      assertBad(record.key(), bad);
    }
  }

  private static void seal(byte[] content) {
    CRC32C crc = new CRC32C();
    crc.update(content, 0, content.length - 4);
    java.nio.ByteBuffer.wrap(content).putInt(content.length - 4, (int) crc.getValue());
  }

  private static void assertBad(String key, byte[] content) {
    assertThatThrownBy(() -> RecordCodec.decode(key, Bytes.copyOf(content)))
        .isInstanceOf(KurveException.class)
        .extracting(failure -> ((KurveException) failure).code())
        .isEqualTo(ErrorCode.BAD_STORE);
  }
}
