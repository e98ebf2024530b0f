package io.kurve.consensus.jraft;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.consensus.jraft.Loans.Follower;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class LoansTest {
  private final Loans loans = new Loans();

  private static List<Follower> at(long... next) {
    return LongStream.of(next).mapToObj(one -> new Follower(one, Duration.ofSeconds(1))).toList();
  }

  @Test
  void rule12WhoFetchesACheckpointKeepsTheLogBehindIt() {
    assertThat(loans.need(100, at(1L))).as("nobody fetches").isFalse();
    loans.lent(100);
    assertThat(loans.need(100, at(1L))).isTrue();
    loans.returned();
    assertThat(loans.need(100, at(101L))).as("installed, to go on").isTrue();
    assertThat(loans.need(100, at(102L))).as("it goes on").isFalse();
    assertThat(loans.need(100, at(101L))).as("another one that lags").isFalse();
  }

  @Test
  void oneThatDiedRightAfterItsInstallKeepsNothingForLong() {
    loans.lent(100);
    loans.returned();
    assertThat(loans.need(100, List.of(new Follower(101, Duration.ofSeconds(30))))).isTrue();
    assertThat(loans.need(100, List.of(new Follower(101, Duration.ofSeconds(31))))).isFalse();
  }

  @Test
  void rule12AFailedInstallKeepsNothing() {
    loans.lent(100);
    loans.returned();
    assertThat(loans.need(100, at(1L))).isFalse();
  }

  @Test
  void rule12TheOldestOfTwoCounts() {
    loans.lent(100);
    loans.lent(120);
    loans.returned();
    assertThat(loans.need(120, at(1L, 122L))).isTrue();
    loans.returned();
    assertThat(loans.need(140, at(110L, 142L))).isTrue();
    assertThat(loans.need(140, at(142L, 142L))).isFalse();
  }
}
