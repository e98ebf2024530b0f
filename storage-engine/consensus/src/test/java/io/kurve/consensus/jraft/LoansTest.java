package io.kurve.consensus.jraft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class LoansTest {
  private final Loans loans = new Loans();

  @Test
  void rule12WhoFetchesACheckpointKeepsTheLogBehindIt() {
    assertThat(loans.need(100, List.of(1L))).as("nobody fetches").isFalse();
    loans.lent(100);
    assertThat(loans.need(100, List.of(1L))).isTrue();
    loans.returned();
    assertThat(loans.need(100, List.of(101L))).as("installed, to go on").isTrue();
    assertThat(loans.need(100, List.of(102L))).as("it goes on").isFalse();
    assertThat(loans.need(100, List.of(101L))).as("another one that lags").isFalse();
  }

  @Test
  void rule12AFailedInstallKeepsNothing() {
    loans.lent(100);
    loans.returned();
    assertThat(loans.need(100, List.of(1L))).isFalse();
  }

  @Test
  void rule12TheOldestOfTwoCounts() {
    loans.lent(100);
    loans.lent(120);
    loans.returned();
    assertThat(loans.need(120, List.of(1L, 122L))).isTrue();
    loans.returned();
    assertThat(loans.need(140, List.of(110L, 142L))).isTrue();
    assertThat(loans.need(140, List.of(142L, 142L))).isFalse();
  }
}
