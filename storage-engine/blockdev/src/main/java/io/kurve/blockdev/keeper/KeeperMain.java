package io.kurve.blockdev.keeper;

import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.blockdev.posix.ProcessProtection;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/** {@code kurve keeper}: see {@link KeeperArguments} for its command line. */
public final class KeeperMain {
  private static final int EXIT_FAILED = 1;
  private static final int EXIT_USAGE = 2;

  private KeeperMain() {}

  @SuppressWarnings("SystemOut") // help, and why it does not start, are for a person
  public static void main(String[] arguments) throws InterruptedException {
    List<String> words = List.of(arguments);
    if (words.contains("--help") && !words.contains("--")) {
      System.out.print(KeeperArguments.HELP);
      return;
    }
    try {
      if (!words.isEmpty() && words.getFirst().equals(KeeperArguments.REPLACE)) {
        replace(KeeperArguments.socketOf(words));
        return;
      }
      KeeperArguments wanted = KeeperArguments.parse(words);
      Posix posix = new Posix();
      new ProcessProtection(posix).apply();
      KeeperProcess keeper = KeeperProcess.start(wanted, posix);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(keeper), "shut-down"));
      System.exit(keeper.awaitEnd());
    } catch (KurveException refusal) {
      System.err.println("kurve keeper: " + refusal.oneLine());
      System.exit(refusal.code() == ErrorCode.INVALID_ARGUMENT ? EXIT_USAGE : EXIT_FAILED);
    } catch (IOException failed) {
      System.err.println("kurve keeper: " + failed);
      System.exit(EXIT_FAILED);
    }
  }

  private static void stop(KeeperProcess keeper) {
    try {
      keeper.stop();
    } catch (IOException e) {
      LoggerFactory.getLogger(KeeperMain.class).warn("stopping", e);
    }
  }

  /** Ends when another process serves in the volume host's place. */
  private static void replace(Path socket) throws PosixException {
    try (KeeperChannel channel = KeeperChannel.connect(socket)) {
      channel.send(new KeeperMessage.Replace());
      Optional<KeeperChannel.Received> answer = channel.receive();
      if (answer.isEmpty()) {
        throw new KurveException(
            ErrorCode.UNAVAILABLE, "the keeper ended", "see its log, and start it again");
      }
      if (answer.get().message() instanceof KeeperMessage.Refused refused) {
        throw new KurveException(
            ErrorCode.REFUSED,
            "the volume host was not replaced: " + refused.why(),
            "see the logs of keeper and volume host, then try again");
      }
    }
  }
}
