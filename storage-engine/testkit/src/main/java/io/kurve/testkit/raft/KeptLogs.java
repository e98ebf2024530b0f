package io.kurve.testkit.raft;

import io.kurve.core.id.CopysetKey;
import java.util.Map;
import java.util.TreeMap;

/** A copy of all logs of one store, as of one moment. */
public final class KeptLogs {
  private final Map<CopysetKey, KeptLog> logs;

  KeptLogs(Map<CopysetKey, KeptLog> logs) {
    this.logs = copy(logs);
  }

  Map<CopysetKey, KeptLog> logs() {
    return copy(logs);
  }

  private static Map<CopysetKey, KeptLog> copy(Map<CopysetKey, KeptLog> logs) {
    Map<CopysetKey, KeptLog> copies = new TreeMap<>();
    logs.forEach((copyset, log) -> copies.put(copyset, log.copy()));
    return copies;
  }
}
