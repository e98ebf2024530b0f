package io.kurve.dist.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs; each has an end. */
final class Shell {
  /** Where the checkout is. */
  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  record Result(List<String> command, int exit, String out, String err) {
    Result ok() {
      if (exit != 0) {
        throw new AssertionError(command + " ended with " + exit + "\n" + out + "\n" + err);
      }
      return this;
    }
  }

  private Shell() {}

  static Result run(Duration limit, String... command) throws IOException, InterruptedException {
    return await(start(command), limit);
  }

  static Result run(String... command) throws IOException, InterruptedException {
    return run(Duration.ofSeconds(120), command);
  }

  static Result kurve(String... arguments) throws IOException, InterruptedException {
    String[] command = new String[arguments.length + 1];
    command[0] = ROOT.resolve("kurve").toString();
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    return run(Duration.ofSeconds(180), command);
  }

  /** A program that runs while the test goes on. */
  record Running(Process process, List<String> command, Path out, Path err) {}

  static Running start(String... command) throws IOException {
    Path out = Files.createTempFile("kurve-test", ".out");
    Path err = Files.createTempFile("kurve-test", ".err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    process.getOutputStream().close();
    return new Running(process, Arrays.asList(command), out, err);
  }

  /** Ends a program that a test started and does not need any more. */
  static void end(Running running) throws IOException, InterruptedException {
    running.process().destroyForcibly().waitFor();
    Files.deleteIfExists(running.out());
    Files.deleteIfExists(running.err());
  }

  static Result await(Running running, Duration limit) throws IOException, InterruptedException {
    try {
      boolean ended = running.process().waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
      String out = Files.readString(running.out(), StandardCharsets.UTF_8);
      String err = Files.readString(running.err(), StandardCharsets.UTF_8);
      if (!ended) {
        running.process().descendants().forEach(ProcessHandle::destroyForcibly);
        running.process().destroyForcibly();
        throw new AssertionError(
            running.command() + " still runs after " + limit + "\n" + out + "\n" + err);
      }
      return new Result(running.command(), running.process().exitValue(), out, err);
    } finally {
      Files.deleteIfExists(running.out());
      Files.deleteIfExists(running.err());
    }
  }
}
