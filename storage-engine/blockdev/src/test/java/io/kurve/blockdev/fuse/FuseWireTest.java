package io.kurve.blockdev.fuse;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class FuseWireTest {
  private static final int ASYNC_DIO_AND_MAX_PAGES = 1 << 15 | 1 << 22;
  private static final int HANDLE_KILLPRIV = 1 << 19;

  private final MemorySegment request = Arena.ofAuto().allocate(256);
  private final MemorySegment body = Arena.ofAuto().allocate(256);

  @Test
  void rule13ResentRequestHasTheSameNumber() {
    long first = 4712;
    long resent = first | Long.MIN_VALUE;

    assertThat(FuseWire.requestNumber(resent)).isEqualTo(FuseWire.requestNumber(first));
    FuseWire.putOutHeader(body, 8, -5, resent);
    assertThat(FuseWire.unique(body)).as("echoed with bit 63").isEqualTo(resent);
  }

  @Test
  void negotiatesOnlyWhatTheKernelOffersAndWeWant() {
    offer(7, 45, ASYNC_DIO_AND_MAX_PAGES | HANDLE_KILLPRIV);

    assertThat(FuseWire.kernelIsNewEnough(request)).isTrue();
    assertThat(FuseWire.putInit(body, request, FuseLimits.standard())).isEqualTo(64);
    assertThat(body.get(JAVA_INT_UNALIGNED, 4)).as("our minor version").isEqualTo(38);
    assertThat(body.get(JAVA_INT_UNALIGNED, 12)).isEqualTo(ASYNC_DIO_AND_MAX_PAGES);
    assertThat(body.get(JAVA_INT_UNALIGNED, 20)).as("max_write").isEqualTo(1 << 20);
    assertThat(body.get(JAVA_SHORT_UNALIGNED, 28)).as("max_pages").isEqualTo((short) 256);
  }

  @Test
  void kernelsWithoutWhatADeviceNeedsAreRefused() {
    offer(7, 27, ASYNC_DIO_AND_MAX_PAGES);
    assertThat(FuseWire.kernelIsNewEnough(request)).isFalse();
    offer(8, 0, ASYNC_DIO_AND_MAX_PAGES);
    assertThat(FuseWire.kernelIsNewEnough(request)).isFalse();
    offer(7, 45, 1 << 15);
    assertThat(FuseWire.kernelIsNewEnough(request)).isFalse();
  }

  @Test
  void directoryIsReadInPieces() {
    int whole = FuseWire.putDirectory(body, 0, 256, "attachment-7", 7);
    int dots = FuseWire.putDirectory(body, 0, 70, "attachment-7", 7);

    assertThat(whole).isEqualTo(32 + 32 + 40);
    assertThat(dots).isEqualTo(32 + 32);
    assertThat(FuseWire.putDirectory(body, 2, 256, "attachment-7", 7)).isEqualTo(40);
    assertThat(body.get(JAVA_LONG_UNALIGNED, 0)).isEqualTo(7);
    assertThat(FuseWire.putDirectory(body, 3, 256, "attachment-7", 7)).isZero();
  }

  private void offer(int major, int minor, int flags) {
    request.set(JAVA_INT_UNALIGNED, 40, major);
    request.set(JAVA_INT_UNALIGNED, 44, minor);
    request.set(JAVA_INT_UNALIGNED, 52, flags);
  }
}
