package io.kurve.protocol.convert;

import static io.kurve.protocol.convert.Ids.checked;

import io.kurve.core.id.VolumeId;
import io.kurve.core.metadata.VolumeAdmin.PolicyChange;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.protocol.v1.ChangePolicyRequest;
import io.kurve.protocol.v1.DeleteVolumeRequest;
import io.kurve.protocol.v1.PolicyRecord;
import java.time.Duration;
import java.util.Optional;

/** What holds for all volumes, and how long deleted ones are kept. */
public final class PolicyMessages {
  private PolicyMessages() {}

  public static DeleteVolumeRequest delete(VolumeId volume, Optional<Duration> retention) {
    DeleteVolumeRequest.Builder request = DeleteVolumeRequest.newBuilder().setId(volume.value());
    retention.ifPresent(span -> request.setRetentionMillis(span.toMillis()));
    return request.build();
  }

  public static Optional<Duration> retention(DeleteVolumeRequest request) {
    return request.hasRetentionMillis()
        ? Optional.of(Duration.ofMillis(request.getRetentionMillis()))
        : Optional.empty();
  }

  public static PolicyRecord policy(VolumePolicy policy) {
    return PolicyRecord.newBuilder()
        .setOvercommitPercent(policy.overcommitPercent())
        .setRetentionMillis(policy.retention().toMillis())
        .build();
  }

  public static VolumePolicy policy(PolicyRecord record) {
    return checked(() ->
        new VolumePolicy(
            record.getOvercommitPercent(), Duration.ofMillis(record.getRetentionMillis())));
  }

  public static ChangePolicyRequest change(PolicyChange change) {
    ChangePolicyRequest.Builder request = ChangePolicyRequest.newBuilder();
    change.overcommitPercent().ifPresent(request::setOvercommitPercent);
    change.retention().ifPresent(span -> request.setRetentionMillis(span.toMillis()));
    return request.build();
  }

  public static PolicyChange change(ChangePolicyRequest request) {
    return new PolicyChange(
        request.hasOvercommitPercent()
            ? Optional.of(request.getOvercommitPercent())
            : Optional.empty(),
        request.hasRetentionMillis()
            ? Optional.of(Duration.ofMillis(request.getRetentionMillis()))
            : Optional.empty());
  }
}
