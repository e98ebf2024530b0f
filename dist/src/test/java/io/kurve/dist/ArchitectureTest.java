package io.kurve.dist;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** The walls between the rooms. Changing one is a decision of its own: write an ADR. */
@AnalyzeClasses(packages = "io.kurve", importOptions = DoNotIncludeTests.class)
final class ArchitectureTest {
  /** One a line; build/report compares their coverage with its floor. */
  private static final String[] CORES = cores();

  /** What io.kurve.mds itself has of the process around the core. */
  private static final Set<String> SHELLS = Set.of("MdsArguments", "MdsMain", "MetastoreOpening");

  private static JavaClass outermost(JavaClass type) {
    return type.getEnclosingClass().map(ArchitectureTest::outermost).orElse(type);
  }

  private static String[] cores() {
    try (Stream<String> lines = Files.lines(Path.of("../build/cores"))) {
      return lines.map(line -> line + "..").toArray(String[]::new);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ArchTest
  static final ArchRule raftStaysInConsensus =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.kurve.consensus..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.alipay..")
          .because("raft is replaced or simulated behind the port in io.kurve.core.log");

  @ArchTest
  static final ArchRule noMajorityIsMadeByForce =
      noClasses()
          .should()
          .callMethodWhere(target(nameMatching("(force)?[rR]esetPeers?")))
          .because("a copyset without a majority stands still (SAFETY 15, ADR 034)");

  @ArchTest
  static final ArchRule ringsAreForRaftOnly =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.lmax..")
          .because("they have what jraft asks of the library of that name, and no more (ADR 017)");

  @ArchTest
  static final ArchRule nettyStaysInProtocol =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.kurve.protocol..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.netty..")
          .because(
              "rooms talk in the plain types of io.kurve.core; wire formats change in one place");

  @ArchTest
  static final ArchRule grpcStaysInProtocolAndWithEtcd =
      noClasses()
          .that()
          .resideOutsideOfPackages("io.kurve.protocol..", "io.kurve.metastore.etcd..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.grpc..")
          .because("our own wire formats change in one place; etcd's API is gRPC (ADR 023)");

  @ArchTest
  static final ArchRule etcdStaysBehindItsPort =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.kurve.metastore.etcd..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.kurve.metastore.etcd.v3..", "io.etcd..")
          .because(
              "the embedded store takes etcd's place behind the port in io.kurve.core.metastore");

  @ArchTest
  static final ArchRule protobufStopsAtTheDoor =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "io.kurve.protocol..", "io.kurve.consensus.jraft..", "io.kurve.metastore.etcd..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.google.protobuf..", "io.kurve.protocol.v1..")
          .because(
              "protobuf is a wire format, not a domain; jraft's and etcd's messages need it too");

  @ArchTest
  static final ArchRule commandLineLibrariesStayInCli =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.kurve.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("picocli..", "com.fasterxml..")
          .because("servers have few options and no JSON");

  @ArchTest
  static final ArchRule theMdsSeesNoOtherServer =
      noClasses()
          .that()
          .resideInAPackage("io.kurve.mds..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.kurve.chunkserver..",
              "io.kurve.client..",
              "io.kurve.blockdev..",
              "io.kurve.consensus..",
              "io.kurve.cli..")
          .because("servers talk over the protocol only");

  @ArchTest
  static final ArchRule theChunkserverSeesNoOtherServer =
      noClasses()
          .that()
          .resideInAPackage("io.kurve.chunkserver..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.kurve.mds..",
              "io.kurve.metastore..",
              "io.kurve.client..",
              "io.kurve.blockdev..",
              "io.kurve.cli..")
          .because("servers talk over the protocol only");

  @ArchTest
  static final ArchRule theClientSeesNoServer =
      noClasses()
          .that()
          .resideInAnyPackage("io.kurve.client..", "io.kurve.blockdev..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.kurve.mds..",
              "io.kurve.metastore..",
              "io.kurve.chunkserver..",
              "io.kurve.consensus..",
              "io.kurve.cli..")
          .because("what runs on a node talks to servers over the protocol only");

  @ArchTest
  static final ArchRule coreDependsOnNothing =
      noClasses()
          .that()
          .resideInAPackage("io.kurve.core..")
          .should()
          .dependOnClassesThat()
          .resideOutsideOfPackages(
              "io.kurve.core..", "java..", "com.sun.nio.file..", "org.jspecify..")
          .because("everything depends on core");

  @ArchTest
  static final ArchRule consensusAndMetastoreAreLeaves =
      noClasses()
          .that()
          .resideInAnyPackage("io.kurve.consensus..", "io.kurve.metastore..", "io.kurve.protocol..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.kurve.mds..",
              "io.kurve.chunkserver..",
              "io.kurve.client..",
              "io.kurve.blockdev..",
              "io.kurve.cli..")
          .because("ports and adapters don't know who uses them");

  @ArchTest
  static final ArchRule coresHaveNoClockNoDiceAndNoThreads =
      noClasses()
          .that()
          .resideInAnyPackage(CORES)
          .or(
              describe(
                  "the MDS around its cores",
                  type ->
                      type.getPackageName().equals("io.kurve.mds")
                          && !SHELLS.contains(outermost(type).getSimpleName())))
          .should()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(Instant.class, "now")
          .orShould()
          .callMethod(Thread.class, "sleep", long.class)
          .orShould()
          .callMethod(Thread.class, "start")
          .orShould()
          .callMethod(TimeUnit.class, "sleep", long.class)
          .orShould()
          .callMethod(UUID.class, "randomUUID")
          .orShould()
          .dependOnClassesThat()
          .belongToAnyOf(
              Clock.class,
              Random.class,
              Executors.class,
              Thread.Builder.class,
              LockSupport.class,
              Files.class,
              FileChannel.class,
              Socket.class)
          .because("the same core runs in the simulated world, where each seed has one trace");

  @ArchTest
  static final ArchRule noMutableStatics =
      fields()
          .that()
          .areStatic()
          .and()
          .areDeclaredInClassesThat()
          .resideOutsideOfPackages("io.kurve.protocol.v1..", "io.kurve.metastore.etcd.v3..")
          .should()
          .beFinal()
          .because("state belongs to an instance that somebody wired");

  @ArchTest
  static final ArchRule packagesFormNoCycles =
      slices()
          .matching("io.kurve.(*)..")
          .should()
          .beFreeOfCycles()
          .because("a room that needs its user is in the wrong place");

  @ArchTest
  static final ArchRule namesSayWhatThingsAre =
      classes()
          .should()
          .resideOutsideOfPackages(
              "..util..", "..utils..", "..impl..", "..helper..", "..helpers..", "..common..")
          .because("a package is named after one noun of the domain");
}
