package io.kurve.dist.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A process that holds the machine's memory but for a rest, until this is closed or the tests' own
 * process is gone. If the kernel runs out of memory it is the one that is killed.
 */
final class Balloon implements AutoCloseable {
  private final Process process;

  private Balloon(Process process) {
    this.process = process;
  }

  /** The process. It holds a file in memory: the kernel reserves its pages without filling them. */
  static final class Holder {
    private static final long PIECE_BYTES = 32L << 20;

    private Holder() {}

    @SuppressWarnings("SystemOut") // how the test hears of it
    public static void main(String[] args) throws Throwable {
      Files.writeString(Path.of("/proc/self/oom_score_adj"), "1000");
      MethodHandle create = function("memfd_create", ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
      MethodHandle allocate =
          function(
              "fallocate",
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG);
      int file = (int) create.invokeExact(Arena.global().allocateFrom("balloon"), 0);
      long rest = Long.parseLong(args[0]);
      long held = 0;
      while (Memory.available() > rest) {
        if ((int) allocate.invokeExact(file, 0, held, PIECE_BYTES) != 0) {
          throw new IllegalStateException("no more memory after " + held + " bytes");
        }
        held += PIECE_BYTES;
      }
      System.out.println(held);
      while (System.in.read() >= 0) {
        // Nobody writes: it ends with the one who started this process.
      }
    }

    private static MethodHandle function(String name, MemoryLayout... parameters) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(
          linker.defaultLookup().findOrThrow(name),
          FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }
  }

  /** Takes all but so much of what is available. */
  static Balloon fillTo(long restBytes) throws IOException, InterruptedException {
    // In a session of its own: what kills the tests' process group leaves it to end by itself.
    Process process =
        new ProcessBuilder(
                "setsid",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                Long.toString(restBytes))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Balloon balloon = new Balloon(process);
    if (process.inputReader().readLine() == null) {
      balloon.close();
      throw new AssertionError("memory could not be filled: see standard error");
    }
    return balloon;
  }

  boolean isFull() {
    return process.isAlive();
  }

  @Override
  public void close() throws InterruptedException {
    process.destroyForcibly();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("the memory is free again").isTrue();
  }
}
