package io.kurve.chunkserver.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.core.log.ReplicaStatus.Indexes;
import org.junit.jupiter.api.Test;

class ReporterTest {
  @Test
  void rule11AnUncommittedTailIsNotReportedAsDurable() {
    assertThat(Reporter.durableForGood(new Indexes(1, 9, 7, 7))).isEqualTo(7);
  }

  @Test
  void rule11WhatIsCommittedButNotDurableHereIsNotReportedAsDurable() {
    assertThat(Reporter.durableForGood(new Indexes(1, 7, 9, 7))).isEqualTo(7);
  }
}
