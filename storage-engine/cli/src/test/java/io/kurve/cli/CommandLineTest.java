package io.kurve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kurve.cli.command.Session;
import io.kurve.cli.output.Console;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.StoreId;
import io.kurve.core.metadata.ChunkserverRegistry.Addresses;
import io.kurve.core.metadata.ClusterInspection;
import io.kurve.core.metadata.ClusterInspection.DiskInfo;
import io.kurve.core.metadata.ClusterInspection.DiskState;
import io.kurve.core.metadata.HostAndPort;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a person or a script gets for what it types: exit code, one line, and nothing changed. */
class CommandLineTest {
  private static final long MIB = 1 << 20;

  @TempDir Path folder = Path.of("/");
  private final FakeConnections fake = new FakeConnections();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private Path clusterFile = Path.of("/");

  @BeforeEach
  void writeClusterFile() throws IOException {
    clusterFile =
        Files.writeString(
            folder.resolve("kurve.yaml"),
            """
            mds: ["127.0.0.1:1"]
            cluster: 00000000-0000-0000-0000-000000000001
            key: cluster.key
            """);
  }

  private int run(String... words) {
    out.reset();
    err.reset();
    Console console =
        new Console(
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, false, StandardCharsets.UTF_8));
    return KurveCli.commandLine(new Session(console, fake)).execute(words);
  }

  private int cluster(String... words) {
    List<String> all = new ArrayList<>(List.of(words));
    all.addAll(List.of("--cluster", clusterFile.toString()));
    return run(all.toArray(String[]::new));
  }

  private String said() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private JsonNode json() throws IOException {
    return new ObjectMapper().readTree(out.toString(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource({
    "0, is 0",
    "-1, is not a size",
    "garbage, is not a size",
    "1.5GiB, is not a size",
    "99999999999999999999, is not a size",
    "999999999T, more than 8 EiB",
    "9223372036854775807, ''"
  })
  void aSizeThatCantBeIsRefusedBeforeAnybodyIsAsked(String size, String why) {
    for (String command : List.of("create", "resize")) {
      assertThat(cluster("volume", command, "v", "--size=" + size)).isEqualTo(2);
      assertThat(said()).startsWith("kurve: ").contains(why).doesNotContain("\tat ");
    }
    assertThat(fake.changes).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "--depth=0, --depth is 0",
    "--depth=-1, --depth is -1",
    "--depth=257, give 1 to 256",
    "--depth=many, --depth",
    "--seconds=0, --seconds is 0",
    "--seconds=-5, --seconds is -5",
    "--seconds=99999999999, --seconds",
    "--warm-up=-1, --warm-up is -1",
    "--warm-up=x, --warm-up",
    "--size=0, --size is 0",
    "--size=513, a multiple of 512",
    "--size=2MiB, up to 1MiB",
    "--volume-size=0, --volume-size is 0",
    "--op=trim, 'none of randread, randwrite, read, write'",
    "--flavour=mint, --flavour"
  })
  void aMeasurementThatCantBeIsRefusedInOneLine(String option, String why) {
    assertThat(cluster("bench", option)).isEqualTo(2);
    assertThat(said()).startsWith("kurve: ").contains(why).contains(" — ");
    assertThat(said().lines()).hasSize(1);
    assertThat(fake.changes).isEmpty();
  }

  @Test
  void measuringTheMachineNeedsATimeAndAFolder() {
    assertThat(run("bench", "machine", "--seconds=0")).isEqualTo(2);
    assertThat(run("bench", "machine", "--seconds=-1")).isEqualTo(2);
    assertThat(run("bench", "machine", "--folder", folder.resolve("no").toString())).isEqualTo(3);
    assertThat(said().lines()).hasSize(1);
  }

  @Test
  void sizesAreRoundedUpAndItSaysSo() throws IOException {
    assertThat(cluster("volume", "create", "v", "--size", "17MiB", "-o", "json")).isZero();
    assertThat(said()).contains("17 MiB, is rounded up to 32 MiB");
    assertThat(json().get("size_bytes").asLong()).isEqualTo(32 * MIB);
    assertThat(json().get("attachments").isArray()).isTrue();
  }

  @Test
  void aNumberWithoutAUnitIsBytesAndTheAnswerShowsIt() {
    assertThat(cluster("volume", "create", "v", "--size", "64")).isZero();
    assertThat(said()).contains("64 B, is rounded up to 16 MiB");
  }

  @ParameterizedTest
  @CsvSource({
    "3, NOT_FOUND, volume info w -o json",
    "3, NOT_FOUND, volume info w --output=JSON",
    "2, INVALID_ARGUMENT, volume info w --flavour mint -o json",
    "2, INVALID_ARGUMENT, volume create w --size 0 -ojson",
    "2, INVALID_ARGUMENT, bench --depth=0 -o=json",
    "3, NOT_FOUND, playground status --dir /nonexistent -o json",
    "3, NOT_FOUND, store check /nonexistent --output json",
  })
  void whatFailsForAProgramIsOneObjectToo(int exit, String code, String words) throws IOException {
    String[] all = words.split(" ");
    boolean needsCluster = words.startsWith("volume") || words.startsWith("bench");
    assertThat(needsCluster ? cluster(all) : run(all)).isEqualTo(exit);
    assertThat(json().properties().stream().map(java.util.Map.Entry::getKey))
        .containsExactly("error", "exit");
    assertThat(json().get("exit").asInt()).isEqualTo(exit);
    assertThat(json().at("/error/code").asText()).isEqualTo(code);
    assertThat(said())
        .startsWith(
            "kurve: %s — %s"
                .formatted(json().at("/error/text").asText(), json().at("/error/cure").asText()));
  }

  @Test
  void curesNameTheClusterOfTheCommand() {
    cluster("volume", "create", "v", "--size", "1GiB");
    assertThat(cluster("volume", "delete", "v")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("with `kurve volume undelete v --cluster " + clusterFile + "`");
    assertThat(run("playground", "status", "--dir", folder + "/a b")).isEqualTo(3);
    assertThat(said()).contains("with `kurve playground up --dir '" + folder + "/a b'`");
  }

  @Test
  void whatHasNoClusterSaysWhatIsMissing() {
    assertThat(run("volume", "list", "--dir", folder.resolve("no").toString())).isEqualTo(3);
    assertThat(said()).contains(folder.resolve("no") + " has no playground — make one with");
    assertThat(run("volume", "list", "--cluster", folder.toString())).isEqualTo(3);
    assertThat(said()).contains(folder + " is a folder — name the cluster's file");
    assertThat(run("cluster", "status")).isEqualTo(3);
    assertThat(said())
        .contains("no cluster is here")
        .contains("`kurve playground`", "--dir D", "--cluster FILE");
  }

  @Test
  void aSocketThatIsNotThereIsNotFound() {
    for (String command : List.of("attach", "detach")) {
      assertThat(cluster("volume", command, "v", "--socket", "/nonexistent")).isEqualTo(3);
      assertThat(said()).contains("there is no socket /nonexistent — ");
    }
  }

  @Test
  void growingSaysWhatIsLeftToDo() throws IOException {
    cluster("volume", "create", "v", "--size", "1GiB");
    assertThat(cluster("volume", "resize", "v", "--size", "1GiB")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8).strip())
        .isEqualTo("volume v has 1 GiB already");
    assertThat(cluster("volume", "resize", "v", "--size", "2GiB")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8).strip()).isEqualTo("volume v has 2 GiB");
    fake.attached("v", "host-7");
    assertThat(cluster("volume", "resize", "v", "--size", "3GiB")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("resize2fs");
    assertThat(cluster("volume", "resize", "v", "--size", "4GiB", "-o", "json")).isZero();
    assertThat(json().get("attachments")).hasSize(1);
  }

  @Test
  void aPathThatCantBeIsRefusedInOneLine() {
    assertThat(run("playground", "status", "--dir", "a\0b")).isEqualTo(2);
    assertThat(said()).contains("--dir", "LC_ALL=C.UTF-8").doesNotContain("java.");
    assertThat(said().lines()).hasSize(1);
  }

  @Test
  void aWordThatIsAlmostACommandGetsTheCommand() {
    assertThat(run("playground", "frobnicate")).isEqualTo(2);
    assertThat(said())
        .startsWith("kurve: there is no command 'frobnicate' — see `kurve playground --help`")
        .doesNotContain("did you mean");
    assertThat(run("playground", "staus")).isEqualTo(2);
    assertThat(said()).contains("did you mean 'status'?");
    assertThat(run("volume", "lst")).isEqualTo(2);
    assertThat(said()).contains("did you mean 'list'?");
    assertThat(run("volume", "list", "--clustr", "x")).isEqualTo(2);
    assertThat(said()).contains("did you mean '--cluster'");
  }

  @Test
  void unknownNamesAreNotFound() {
    assertThat(cluster("volume", "info", "w")).isEqualTo(3);
    assertThat(cluster("volume", "delete", "w")).isEqualTo(3);
    assertThat(cluster("volume", "resize", "w", "--size", "1GiB")).isEqualTo(3);
    assertThat(cluster("volume", "detach", "w", "--force")).isEqualTo(3);
    assertThat(said()).contains("volume w does not exist");
  }

  @Test
  void deletingAnAttachedVolumeNamesTheHolderAndSinceWhen() {
    cluster("volume", "create", "v", "--size", "1GiB");
    fake.attached("v", "host-7");
    assertThat(cluster("volume", "delete", "v")).isEqualTo(5);
    assertThat(said()).contains("host-7").contains("2026-11-01T10:00:00Z");
    assertThat(fake.volumes).containsKey("v");
  }

  @Test
  void aDeletedVolumeIsListedAndHadBackOrDestroyed() throws IOException {
    cluster("volume", "create", "v", "--size", "1GiB");
    assertThat(cluster("volume", "delete", "v", "-o", "json")).isZero();
    assertThat(json().get("left_s").asLong()).isEqualTo(86_400);
    assertThat(cluster("volume", "list", "-o", "json")).isZero();
    assertThat(json().get("volumes")).isEmpty();
    assertThat(cluster("volume", "list", "--deleted", "-o", "json")).isZero();
    assertThat(json().get("volumes").get(0).get("name").asText()).isEqualTo("v");
    assertThat(cluster("volume", "undelete", "v", "--as", "w")).isZero();
    assertThat(fake.volumes).containsOnlyKeys("w");
    assertThat(cluster("volume", "undelete", "v")).isEqualTo(3);
    assertThat(said()).contains("no deleted volume has the name v");
    assertThat(cluster("volume", "delete", "w", "--retention", "soon")).isEqualTo(2);
    assertThat(cluster("volume", "delete", "w", "--retention", "0")).isZero();
    assertThat(fake.deleted).isEmpty();
  }

  @Test
  void ofDeletedVolumesWithOneNameTheNumberSaysWhich() {
    for (int i = 0; i < 2; i++) {
      cluster("volume", "create", "v", "--size", "1GiB");
      cluster("volume", "delete", "v");
    }
    for (String command : List.of("undelete", "purge")) {
      assertThat(cluster("volume", command, "v")).isEqualTo(2);
      assertThat(said()).contains("2 deleted volumes have the name v: 1 deleted", "--id");
    }
    assertThat(cluster("volume", "purge", "v", "--id", "2")).isZero();
    assertThat(cluster("volume", "undelete", "v", "--id", "2")).isEqualTo(3);
    assertThat(cluster("volume", "undelete", "v")).isZero();
    assertThat(fake.changes).contains("purge 2", "undelete 1 as v");
  }

  @Test
  void thePolicyIsShownAndChanged() throws IOException {
    assertThat(cluster("cluster", "policy", "-o", "json")).isZero();
    assertThat(json().get("overcommit").asDouble()).isEqualTo(1.0);
    assertThat(json().get("retention_s").asLong()).isEqualTo(86_400);
    assertThat(fake.changes).isEmpty();
    assertThat(cluster("cluster", "policy", "--overcommit", "1.5", "--retention", "7d")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("1.5").contains("7d");
    assertThat(cluster("cluster", "policy", "--overcommit", "lots")).isEqualTo(2);
    assertThat(cluster("cluster", "policy", "--retention", "24")).isEqualTo(2);
    assertThat(said()).contains("24h or 7d");
    assertThat(cluster("cluster", "confirm-clock")).isZero();
    assertThat(fake.changes).containsExactly("policy", "confirm clock");
  }

  private static DiskInfo disk(int number, String name, int copysets, boolean draining) {
    HostAndPort place = new HostAndPort("server-" + number, 1);
    return new DiskInfo(
        new ReplicaId(new ChunkserverId(number), new StoreId(new UUID(0, number))),
        "server-" + number,
        name,
        DiskState.ONLINE,
        new Addresses(place, place, place),
        8L << 30,
        0,
        copysets,
        0,
        FakeConnections.SINCE,
        draining);
  }

  @Test
  void disksAreDrainedByNameOrNumber() {
    fake.disks =
        List.of(
            disk(1, "disk-1", 12, false),
            disk(2, "disk-2", 3, true),
            disk(3, "disk-3", 0, true),
            disk(4, "disk-3", 4, false));
    assertThat(cluster("disk", "drain", "disk-1")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("replicas of 12 copysets move");
    assertThat(cluster("disk", "undrain", "cs-3")).isZero();
    assertThat(fake.changes).containsExactly("drain cs-1", "undrain cs-3");
    assertThat(cluster("disk", "drain", "disk-3")).isEqualTo(2);
    assertThat(said()).contains("2 disks have the name disk-3").contains("such as cs-3");
    assertThat(cluster("disk", "drain", "disk-7")).isEqualTo(3);
    assertThat(said()).contains("there is no disk disk-7");
    assertThat(cluster("disk", "list")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("online, draining")
        .contains("online, drained");
  }

  @Test
  void detachingByForceTakesTheVolumeFromAHostThatIsOutOfReach() {
    cluster("volume", "create", "v", "--size", "1GiB");
    assertThat(cluster("volume", "detach", "v", "--force")).isEqualTo(3);
    fake.attached("v", "host-7");
    assertThat(cluster("volume", "detach", "v")).isEqualTo(3);
    assertThat(fake.attachments).hasSize(1);
    assertThat(cluster("volume", "detach", "v", "--force")).isZero();
    assertThat(said()).contains("host-7");
    assertThat(fake.attachments).isEmpty();
    assertThat(cluster("volume", "delete", "v")).isZero();
  }

  @Test
  void aTakeOverNamesWhoHasTheVolumeWhenItIsAskedFor() throws IOException {
    String socket = Files.createFile(folder.resolve("s")).toString();
    cluster("volume", "create", "v", "--size", "1GiB");
    fake.attached("v", "host-7");
    AttachmentId holder = fake.attachments.getFirst().id();
    assertThat(cluster("volume", "attach", "v", "--socket", socket)).isZero();
    assertThat(cluster("volume", "attach", "v", "--socket", socket, "--take-over")).isZero();
    assertThat(said()).contains("host-7").contains("since 20");
    assertThat(fake.attaches).containsExactly("v []", "v [" + holder + "]");

    cluster("volume", "create", "all", "--size", "1GiB", "--shared");
    assertThat(cluster("volume", "attach", "all", "--socket", socket, "--take-over")).isEqualTo(2);
    assertThat(said()).contains("shared");
    assertThat(fake.attaches).hasSize(2);
  }

  @Test
  void attachingNeedsAPlayground() {
    assertThat(cluster("volume", "attach", "v")).isEqualTo(3);
    assertThat(said()).contains("has no playground").contains("--socket");
  }

  @Test
  void theClusterIsNamedOnceAndMustBeThere() {
    assertThat(cluster("volume", "list", "--dir", folder.toString())).isEqualTo(2);
    assertThat(run("volume", "list", "--dir", folder.resolve("no").toString())).isEqualTo(3);
    assertThat(run("volume", "list", "--cluster", folder.resolve("no.yaml").toString()))
        .isEqualTo(3);
  }

  @Test
  void wordsThatAreNoCommandAreUsage() {
    assertThat(run("volume", "paint", "v")).isEqualTo(2);
    assertThat(run("volume", "create", "v")).isEqualTo(2);
    assertThat(run("playground", "up", "--disks", "many")).isEqualTo(2);
    assertThat(run("volume", "list", "-o", "xml")).isEqualTo(2);
    assertThat(said().lines()).hasSize(1);
    assertThat(run("volume", "create", "--help")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("--size");
  }

  @Test
  void statusHasTheFieldsThatScriptsRead() throws IOException {
    assertThat(cluster("cluster", "status", "-o", "json")).isZero();
    assertThat(json().get("health").asText()).isEqualTo("degraded");
    JsonNode reason = json().get("reasons").get(0);
    assertThat(reason.properties().stream().map(java.util.Map.Entry::getKey))
        .containsExactlyInAnyOrder("code", "object", "text", "cure");
  }

  @Test
  void theCuresOfAStatusNameTheClusterForPeopleAndPrograms() throws IOException {
    fake.status =
        new ClusterInspection.ClusterStatus(
            fake.status.cluster(),
            ClusterInspection.Health.DEGRADED,
            List.of(
                new ClusterInspection.Reason(
                    "CLOCK_JUMPED", "bin", "it went", "say `kurve cluster confirm-clock`")),
            10,
            5);
    String shown = "say `kurve cluster confirm-clock --cluster " + clusterFile + "`";
    assertThat(cluster("cluster", "status")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).contains(shown);
    assertThat(cluster("cluster", "status", "-o", "json")).isZero();
    assertThat(json().at("/reasons/0/cure").asText()).isEqualTo(shown);
  }

  @Test
  void whatIsNoStoreIsNamedAndNotChanged() throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "hello");
    Path zeros = Files.write(folder.resolve("zeros"), new byte[8 << 20]);
    byte[] foreign = new byte[8 << 20];
    foreign[1080] = 0x53;
    foreign[1081] = (byte) 0xEF;
    Path ext4 = Files.write(folder.resolve("ext4"), foreign);
    for (Path file : List.of(text, zeros, ext4)) {
      byte[] before = Files.readAllBytes(file);
      for (String command : List.of("inspect", "check")) {
        assertThat(run("store", command, file.toString())).as(file + " " + said()).isEqualTo(8);
        assertThat(said()).startsWith("kurve: ").contains(file.toString());
        assertThat(said().lines()).hasSize(1);
      }
      assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }
    assertThat(run("store", "inspect", folder.resolve("none").toString())).isEqualTo(3);
    assertThat(run("store", "check", folder.toString())).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"/dev/null", "/dev/zero"})
  void whatIsNeitherFileNorBlockDeviceHasNoStore(String path) {
    for (String command : List.of("inspect", "check")) {
      assertThat(run("store", command, path)).isEqualTo(2);
      assertThat(said()).startsWith("kurve: " + path + " is neither a block device nor a file");
      assertThat(said().lines()).hasSize(1);
    }
  }

  @Test
  void aSharedVolumeSaysWhichBlockSizeItGets() {
    assertThat(cluster("volume", "create", "v", "--size=64MiB", "--shared", "--block-size=512"))
        .isZero();
    assertThat(said()).contains("v gets a block size of 4096, not 512: it is shared");
    assertThat(cluster("volume", "create", "w", "--size=64MiB", "--shared")).isZero();
    assertThat(said()).doesNotContain("4096");
  }

  @Test
  void helpIsACommandToo() {
    assertThat(KurveCli.withHelp(new String[] {"help", "volume", "create"}))
        .containsExactly("volume", "create", "--help");
    assertThat(KurveCli.withHelp(new String[] {"volume"})).containsExactly("volume");
    assertThat(run(KurveCli.withHelp(new String[] {"help"}))).isZero();
  }
}
