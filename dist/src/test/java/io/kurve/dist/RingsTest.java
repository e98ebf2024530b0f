package io.kurve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The raft library was compiled with another disruptor than the one it runs with (ADR 017). */
final class RingsTest {
  private static final String RINGS = "com.lmax.disruptor";

  @Test
  void everythingThatRaftAsksOfRingsIsThere() {
    JavaClasses classes = new ClassFileImporter().importPackages("com.alipay.sofa.jraft", RINGS);

    List<JavaAccess<?>> accesses =
        classes.stream()
            .filter(user -> user.getPackageName().startsWith("com.alipay"))
            .<JavaAccess<?>>flatMap(user -> user.getAccessesFromSelf().stream())
            .filter(access -> access.getTargetOwner().getPackageName().startsWith(RINGS))
            .toList();

    assertThat(accesses).hasSizeGreaterThan(30);
    assertThat(accesses)
        .filteredOn(access -> access.getTarget().resolveMember().isEmpty())
        .isEmpty();
  }

  @Test
  void theOtherLibraryIsNotThere() {
    assertThat(getClass().getResource("/com/lmax/disruptor/YieldingWaitStrategy.class")).isNull();
  }
}
