package io.kurve.chunkserver.server;

import io.kurve.chunkserver.store.StoreCheck;
import io.kurve.chunkserver.store.StoreChecker;
import io.kurve.chunkserver.store.StoreFinding;
import io.kurve.chunkserver.store.StoreInspection;
import io.kurve.consensus.wal.WalCheck;
import io.kurve.consensus.wal.WalConfig;
import io.kurve.core.disk.Disk;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.StoreGeneration;
import java.util.ArrayList;
import java.util.List;

/**
 * Verifies every checksum of a disk that nobody has open: those of the chunk store and of the log.
 * Writes nothing. A torn tail of the log, which a crash leaves, is no damage.
 *
 * @param findings of the log, then of the store
 * @param logRecords that were read
 */
public record DiskCheck(StoreCheck store, List<StoreFinding> findings, long logRecords) {
  public DiskCheck {
    findings = List.copyOf(findings);
  }

  /**
   * @throws KurveException {@link ErrorCode#BAD_STORE} when it is so damaged that it can't be used,
   *     or no store
   */
  public static DiskCheck run(Disk disk) {
    StoreCheck store = StoreChecker.check(disk);
    List<StoreFinding> findings = new ArrayList<>();
    long records = checkLog(disk, store.inspection(), findings);
    findings.addAll(store.findings());
    return new DiskCheck(store, findings, records);
  }

  private static long checkLog(Disk disk, StoreInspection inspection, List<StoreFinding> findings) {
    WalConfig config =
        WalConfig.withDefaults(
            inspection.layout().wal(),
            inspection.identification().identity().store(),
            new StoreGeneration(inspection.identification().generation()));
    try {
      return switch (new WalCheck(disk, config).run()) {
        case WalCheck.Sound sound -> sound.size().records();
        case WalCheck.Broken broken -> {
          KurveException damage = broken.damage().toException();
          findings.add(finding("log at offset " + broken.damage().offset(), damage));
          yield 0;
        }
      };
    } catch (KurveException e) {
      if (e.code() != ErrorCode.BAD_STORE) {
        throw e;
      }
      findings.add(finding("log", e));
      return 0;
    }
  }

  private static StoreFinding finding(String object, KurveException damage) {
    return new StoreFinding(StoreFinding.Code.LOG_DAMAGED, object, damage.text(), damage.cure());
  }
}
