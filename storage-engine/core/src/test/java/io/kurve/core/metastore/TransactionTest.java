package io.kurve.core.metastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.metastore.Transaction.Delete;
import io.kurve.core.metastore.Transaction.Put;
import io.kurve.core.metastore.Transaction.Write;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TransactionTest {
  @Test
  void noneIsLargerThanAnyStoreTakes() {
    assertThat(deleting(Transaction.MAX_OPERATIONS).writes()).hasSize(Transaction.MAX_OPERATIONS);
    assertThatThrownBy(() -> deleting(Transaction.MAX_OPERATIONS + 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("129 writes");
    Bytes large = Bytes.copyOf(new byte[Transaction.MAX_BYTES]);
    assertThatThrownBy(() -> new Transaction(List.of(), List.of(new Put("k", large))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining((Transaction.MAX_BYTES + 1) + " bytes");
  }

  private static Transaction deleting(int count) {
    return new Transaction(
        List.of(),
        IntStream.range(0, count).<Write>mapToObj(number -> new Delete("k" + number)).toList());
  }
}
