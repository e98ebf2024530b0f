package io.kurve.mds;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.ClusterId;
import io.kurve.core.metadata.VolumePolicy;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.metastore.Outcome;
import io.kurve.core.metastore.Transaction;
import io.kurve.mds.leadership.Office;
import io.kurve.mds.record.Keys;
import io.kurve.mds.record.RecordCodec;
import io.kurve.mds.record.StoredRecord;
import io.kurve.mds.record.StoredRecord.ClusterRecord;
import io.kurve.mds.record.StoredRecord.IdCounterRecord;
import io.kurve.mds.record.StoredRecord.IdKind;
import io.kurve.mds.record.StoredRecord.PolicyRecord;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * A cluster is born once, on an explicit order, in an empty metadata store; never because one is
 * found empty.
 */
public final class ClusterBirth {
  /** Attachment id 1 stands for "none seen yet" in what chunkservers report. */
  private static final long FIRST_RESERVED_ATTACHMENT = 1;

  private ClusterBirth() {}

  /**
   * Ends with the cluster's record; the same order again finds it. Ends with REFUSED when there is
   * another cluster, and UNKNOWN_OUTCOME when it may be given again.
   */
  public static CompletionStage<ClusterRecord> bootstrap(
      MetaStore store, ClusterRecord wanted, VolumePolicy policy) {
    if (wanted.replicas() < 1 || wanted.chunkservers() < wanted.replicas()) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          wanted.chunkservers() + " chunkservers can't hold " + wanted.replicas() + " replicas",
          "give at least as many chunkservers as replicas");
    }
    if (wanted.copysets() < 1 || wanted.copysets() > 4096) {
      throw new KurveException(
          ErrorCode.INVALID_ARGUMENT,
          wanted.copysets() + " copysets are not possible",
          "give 1 to 4096");
    }
    List<StoredRecord> records =
        List.of(
            wanted,
            new PolicyRecord(policy),
            new IdCounterRecord(IdKind.GENERAL, 0),
            new IdCounterRecord(IdKind.ATTACHMENT, FIRST_RESERVED_ATTACHMENT));
    Transaction birth =
        new Transaction(
            List.of(new Transaction.Absent(Keys.CLUSTER), new Transaction.Absent(Keys.GATE)),
            records.stream()
                .<Transaction.Write>map(
                    record -> new Transaction.Put(record.key(), RecordCodec.encode(record)))
                .toList());
    return store
        .commit(birth)
        .thenCompose(outcome ->
            switch (outcome) {
              case Outcome.Applied _, Outcome.Rejected _ ->
                  find(store).thenApply(found -> same(found, wanted));
              case Outcome.Unknown unknown ->
                  throw new KurveException(
                      ErrorCode.UNKNOWN_OUTCOME,
                      "the metadata store did not say whether the cluster is born: "
                          + unknown.why(),
                      "give the same order again");
            });
  }

  /** Ends with the cluster that the store holds. */
  public static CompletionStage<Optional<ClusterRecord>> find(MetaStore store) {
    return store
        .get(Keys.CLUSTER)
        .exceptionally(failure -> {
          throw new KurveException(
              ErrorCode.UNAVAILABLE,
              "the metadata store does not answer: " + Office.cause(failure).getMessage(),
              "try again later");
        })
        .thenApply(entry ->
            entry.map(found -> {
              if (RecordCodec.decode(found.key(), found.value()) instanceof ClusterRecord cluster) {
                return cluster;
              }
              throw new KurveException(
                  ErrorCode.BAD_STORE,
                  "the metadata store's " + Keys.CLUSTER + " is no cluster",
                  "restore the metadata store from a backup");
            }));
  }

  private static ClusterRecord same(Optional<ClusterRecord> found, ClusterRecord wanted) {
    ClusterId wantedId = wanted.cluster();
    return found
        .filter(cluster -> cluster.cluster().equals(wantedId))
        .orElseThrow(() ->
            new KurveException(
                ErrorCode.REFUSED,
                "the metadata store holds "
                    + found
                        .map(cluster -> "cluster " + cluster.cluster())
                        .orElse("something that is no cluster")
                    + " already; "
                    + wantedId
                    + " can't be born in it",
                "use an empty metadata store, or start without bootstrap"));
  }
}
