package io.kurve.metastore.etcd;

import com.google.protobuf.ByteString;
import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.MetaStore.Change;
import io.kurve.core.metastore.Transaction;
import io.kurve.core.metastore.Transaction.Absent;
import io.kurve.core.metastore.Transaction.Condition;
import io.kurve.core.metastore.Transaction.CreatedAt;
import io.kurve.core.metastore.Transaction.Delete;
import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.metastore.Transaction.ModifiedAt;
import io.kurve.core.metastore.Transaction.Put;
import io.kurve.core.metastore.Transaction.Write;
import io.kurve.metastore.etcd.v3.Compare;
import io.kurve.metastore.etcd.v3.DeleteRangeRequest;
import io.kurve.metastore.etcd.v3.Event;
import io.kurve.metastore.etcd.v3.KeyValue;
import io.kurve.metastore.etcd.v3.PutRequest;
import io.kurve.metastore.etcd.v3.RangeRequest;
import io.kurve.metastore.etcd.v3.RequestOp;
import io.kurve.metastore.etcd.v3.TxnRequest;
import io.kurve.metastore.etcd.v3.WatchCreateRequest;
import io.kurve.metastore.etcd.v3.WatchRequest;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The port's terms in etcd's: keys with the namespace before them, ranges, transactions. */
final class EtcdKeys {
  private final String namespace;

  EtcdKeys(String namespace) {
    this.namespace = namespace;
  }

  RangeRequest one(String key) {
    return RangeRequest.newBuilder().setKey(bytes(key)).build();
  }

  /** The key with the prefix that was created first. */
  RangeRequest oldest(String prefix) {
    return RangeRequest.newBuilder()
        .setKey(bytes(prefix))
        .setRangeEnd(end(prefix))
        .setLimit(1)
        .setSortOrder(RangeRequest.SortOrder.ASCEND)
        .setSortTarget(RangeRequest.SortTarget.CREATE)
        .build();
  }

  RangeRequest page(String prefix, String after, int limit, long revision) {
    if (limit < 1) {
      // To etcd 0 means no limit.
      throw new IllegalArgumentException("a page of " + limit + " entries");
    }
    return RangeRequest.newBuilder()
        .setKey(bytes(after.isEmpty() ? prefix : after + '\0'))
        .setRangeEnd(end(prefix))
        .setLimit(limit)
        .setRevision(revision)
        .build();
  }

  WatchRequest watch(String prefix, long fromRevision) {
    return WatchRequest.newBuilder()
        .setCreateRequest(
            WatchCreateRequest.newBuilder()
                .setKey(bytes(prefix))
                .setRangeEnd(end(prefix))
                .setStartRevision(fromRevision))
        .build();
  }

  /**
   * Each branch reads at least one key: etcd answers a transaction that neither reads nor writes
   * from what the asked member knows, be it old.
   */
  TxnRequest transaction(Transaction transaction) {
    TxnRequest.Builder request = TxnRequest.newBuilder();
    transaction.conditions().forEach(condition -> request.addCompare(compare(condition)));
    transaction.writes().forEach(write -> request.addSuccess(operation(write)));
    RequestOp read = read(one(""));
    if (transaction.writes().isEmpty()) {
      request.addSuccess(read);
    }
    return request.addFailure(read).build();
  }

  RequestOp read(RangeRequest range) {
    return RequestOp.newBuilder().setRequestRange(range).build();
  }

  Entry entry(KeyValue found) {
    return new Entry(
        key(found),
        Bytes.copyOf(found.getValue().toByteArray()),
        found.getCreateRevision(),
        found.getModRevision());
  }

  Change change(Event event) {
    Optional<Bytes> value =
        event.getType() == Event.EventType.DELETE
            ? Optional.empty()
            : Optional.of(Bytes.copyOf(event.getKv().getValue().toByteArray()));
    return new Change(key(event.getKv()), value, event.getKv().getModRevision());
  }

  private Compare compare(Condition condition) {
    Compare.Builder compare =
        Compare.newBuilder().setResult(Compare.CompareResult.EQUAL).setKey(bytes(condition.key()));
    return switch (condition) {
      case Absent _ -> compare.setTarget(Compare.CompareTarget.CREATE).setCreateRevision(0).build();
      case CreatedAt(_, long revision) ->
          compare.setTarget(Compare.CompareTarget.CREATE).setCreateRevision(revision).build();
      case ModifiedAt(_, long revision) ->
          compare.setTarget(Compare.CompareTarget.MOD).setModRevision(revision).build();
    };
  }

  private RequestOp operation(Write write) {
    return switch (write) {
      case Put(String key, Bytes value, Optional<LeaseId> lease) ->
          RequestOp.newBuilder()
              .setRequestPut(
                  PutRequest.newBuilder()
                      .setKey(bytes(key))
                      .setValue(ByteString.copyFrom(value.toArray()))
                      .setLease(lease.map(LeaseId::value).orElse(0L)))
              .build();
      case Delete(String key) ->
          RequestOp.newBuilder()
              .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(bytes(key)))
              .build();
    };
  }

  private String key(KeyValue found) {
    return found.getKey().toStringUtf8().substring(namespace.length());
  }

  private ByteString bytes(String key) {
    return ByteString.copyFromUtf8(namespace + key);
  }

  /** The first key behind all that have the prefix. UTF-8 has no byte 0xff. */
  private ByteString end(String prefix) {
    byte[] end = (namespace + prefix).getBytes(StandardCharsets.UTF_8);
    end[end.length - 1]++;
    return ByteString.copyFrom(end);
  }
}
