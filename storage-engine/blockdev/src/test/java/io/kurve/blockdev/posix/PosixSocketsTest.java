package io.kurve.blockdev.posix;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class PosixSocketsTest {
  private final Posix posix = new Posix();
  private final PosixSockets sockets = new PosixSockets();

  @TempDir Path directory = Path.of("/");

  @Test
  void aDescriptorArrivesAsOneOfTheSameOpenFile() throws Exception {
    String path = directory.resolve("socket").toString();
    int listener = sockets.listen(path);
    int sender = sockets.connect(path);
    int receiver = sockets.accept(listener);
    Path file = Files.writeString(directory.resolve("file"), "content");
    int opened = posix.open(file.toString(), Posix.O_RDONLY);

    sockets.send(sender, new byte[] {1, 2}, List.of(opened, opened));
    sockets.send(sender, new byte[] {3}, List.of());
    posix.close(opened);

    PosixSockets.Message first = sockets.receive(receiver).orElseThrow();
    assertThat(first.bytes()).containsExactly(1, 2);
    assertThat(first.descriptors()).hasSize(2);
    for (int descriptor : first.descriptors()) {
      assertThat(Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))).isEqualTo(file);
      posix.close(descriptor);
    }
    PosixSockets.Message second = sockets.receive(receiver).orElseThrow();
    assertThat(second.bytes()).containsExactly(3);
    assertThat(second.descriptors()).isEmpty();
    assertThat(sockets.peer(receiver).pid()).isEqualTo(ProcessHandle.current().pid());

    posix.close(sender);
    assertThat(sockets.receive(receiver)).as("the end").isEmpty();
    posix.close(receiver);
    posix.close(listener);
  }

  @Test
  void aProcessThatIsStoppedHasNotEndedAndOneThatWasKilledHas() throws Exception {
    PosixProcesses processes = new PosixProcesses(posix);
    Process child = new ProcessBuilder("sleep", "60").start();
    int descriptor = processes.open(child.pid());
    processes.signal(descriptor, 19);
    assertThat(posix.awaitReadable(descriptor, 50)).isFalse();
    processes.signal(descriptor, PosixProcesses.SIGKILL);
    processes.awaitEnd(descriptor);
    assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
    processes.signal(descriptor, PosixProcesses.SIGKILL); // nobody is there
    posix.close(descriptor);
  }

  @Test
  void aThreadInASystemCallIsWoken() throws Exception {
    PosixProcesses processes = new PosixProcesses(posix);
    processes.prepareWaking();
    int quiet = sockets.listen(directory.resolve("quiet").toString());
    AtomicBoolean woken = new AtomicBoolean();
    CompletableFuture<Long> self = new CompletableFuture<>();
    Thread waiting =
        Thread.ofPlatform()
            .start(() -> {
              try {
                self.complete(processes.self());
                woken.set(!posix.awaitReadable(quiet, -1));
              } catch (PosixException e) {
                throw new IllegalStateException(e);
              }
            });
    while (!waiting.join(Duration.ofMillis(2))) {
      processes.wake(self.get());
    }
    assertThat(woken).isTrue();
    posix.close(quiet);
  }
}
