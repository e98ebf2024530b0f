package io.kurve.blockdev.host;

import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.ProcessProtection;
import io.kurve.core.failure.ExitCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code kurve volume-host}: see {@link VolumeHostArguments} for its command line. */
public final class VolumeHostMain {
  private static final int EXIT_FAULT = 70;

  private VolumeHostMain() {}

  @SuppressWarnings("SystemOut") // help, and why it does not start, are for a person
  public static void main(String[] arguments) throws InterruptedException {
    if (List.of(arguments).contains("--help")) {
      System.out.print(VolumeHostArguments.HELP);
      return;
    }
    try {
      VolumeHostArguments wanted = VolumeHostArguments.parse(arguments);
      Posix posix = new Posix();
      new ProcessProtection(posix).apply(); // before any other thread is there
      VolumeHostProcess process = VolumeHostProcess.start(wanted, posix, VolumeHostMain::halt);
      Runtime.getRuntime().addShutdownHook(new Thread(process::close, "shut-down"));
    } catch (KurveException refusal) {
      System.err.println("kurve volume-host: " + refusal.oneLine());
      System.exit(ExitCode.of(refusal.code()).number());
    } catch (IOException failed) {
      System.err.println("kurve volume-host: it can't start: " + failed);
      System.exit(ExitCode.of(failed).number());
    }
    new CountDownLatch(1).await();
  }

  private static Error halt(String what, Throwable cause) {
    Logger log = LoggerFactory.getLogger(VolumeHostMain.class);
    log.error("halting, since going on could lose data: {}", what, cause);
    Runtime.getRuntime().halt(EXIT_FAULT);
    throw new AssertionError("halted", cause);
  }
}
