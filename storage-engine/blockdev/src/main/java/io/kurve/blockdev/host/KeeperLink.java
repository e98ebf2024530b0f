package io.kurve.blockdev.host;

import io.kurve.blockdev.fuse.FuseLimits;
import io.kurve.blockdev.host.AttachmentState.Device;
import io.kurve.blockdev.keeper.KeeperChannel;
import io.kurve.blockdev.keeper.KeeperMessage;
import io.kurve.blockdev.keeper.KeptAttachment;
import io.kurve.blockdev.posix.DescriptorOwner;
import io.kurve.blockdev.posix.OwnedDescriptor;
import io.kurve.blockdev.posix.Posix;
import io.kurve.blockdev.posix.PosixException;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.Volume;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host's connection to its keeper. When the keeper dies the host serves on, looks for another one
 * and deposits all with it.
 */
final class KeeperLink implements Keeping {
  private static final Logger LOG = LoggerFactory.getLogger(KeeperLink.class);
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration ANSWER = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final int DESCRIPTORS = OwnedDescriptor.Role.values().length;

  private final Path socket;
  private final DescriptorOwner descriptors;
  private final Posix posix = new Posix();

  /** Guards all below. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<AttachmentId, KeptAttachment> deposited = new TreeMap<>();

  /** The keeper answers in the order of the questions. */
  private final Deque<CompletableFuture<Boolean>> unanswered = new ArrayDeque<>();

  private @Nullable KeeperChannel channel;

  private KeeperLink(Path socket, DescriptorOwner descriptors, KeeperChannel channel) {
    this.socket = socket;
    this.descriptors = descriptors;
    this.channel = channel;
  }

  static KeeperLink connect(Path socket, DescriptorOwner descriptors)
      throws PosixException, InterruptedException {
    long end = System.nanoTime() + CONNECT.toNanos();
    while (true) {
      try {
        return new KeeperLink(socket, descriptors, KeeperChannel.connect(socket));
      } catch (PosixException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        Thread.sleep(PAUSE);
      }
    }
  }

  /**
   * Waits until no other host is left, and owns what it had.
   *
   * @return what it had
   */
  List<KeptAttachment> succeed() throws PosixException {
    KeeperChannel first = connected().orElseThrow();
    first.send(new KeeperMessage.Succeed());
    List<KeptAttachment> given = new ArrayList<>();
    while (true) {
      KeeperChannel.Received received =
          first
              .receive()
              .orElseThrow(() ->
                  new KurveException(
                      ErrorCode.UNAVAILABLE, "the keeper ended", "start a keeper again"));
      switch (received.message()) {
        case KeeperMessage.Given one -> {
          own(one.kept(), received.descriptors());
          given.add(one.kept());
        }
        case KeeperMessage.AllGiven all -> {
          given.forEach(kept -> deposited.put(kept.attachment(), kept));
          return given;
        }
        case KeeperMessage.Refused refused ->
            throw new KurveException(
                ErrorCode.REFUSED,
                "the keeper refuses this volume host: " + refused.why(),
                "let the keeper start it");
        case KeeperMessage.Succeed other -> throw unexpected(other);
        case KeeperMessage.Serving other -> throw unexpected(other);
        case KeeperMessage.Deposit other -> throw unexpected(other);
        case KeeperMessage.Remove other -> throw unexpected(other);
        case KeeperMessage.HandOver other -> throw unexpected(other);
        case KeeperMessage.Stop other -> throw unexpected(other);
        case KeeperMessage.Replace other -> throw unexpected(other);
        case KeeperMessage.Done other -> throw unexpected(other);
      }
    }
  }

  private static KurveException unexpected(KeeperMessage message) {
    return new KurveException(
        ErrorCode.INTERNAL, "the keeper said " + message, "report this with the log");
  }

  private void own(KeptAttachment kept, List<Integer> numbers) throws PosixException {
    if (numbers.size() != DESCRIPTORS) {
      throw new KurveException(
          ErrorCode.INTERNAL,
          "the keeper gave " + numbers.size() + " descriptors of " + kept.attachment(),
          "report this with the log");
    }
    for (OwnedDescriptor.Role role : OwnedDescriptor.Role.values()) {
      int number = numbers.get(role.ordinal());
      var unused =
          descriptors.own(
              kept.attachment(),
              role,
              role == OwnedDescriptor.Role.FUSE_CONNECTION ? posix.raise(number) : number);
    }
  }

  /**
   * Tells the keeper that this host serves, and listens to it from now on.
   *
   * @param handOver runs when another process is to go on
   * @param stop runs when all is to be detached
   */
  void serve(Runnable handOver, Runnable stop) throws PosixException {
    connected().orElseThrow().send(new KeeperMessage.Serving());
    Thread.ofPlatform().daemon().name("keeper").start(() -> listen(handOver, stop));
  }

  /** Asks for another host in this one's place: HandOver comes when it is ready. */
  void askForSuccessor() throws PosixException {
    Optional<KeeperChannel> present = connected();
    if (present.isPresent()) {
      present.get().send(new KeeperMessage.Replace());
    }
  }

  boolean isConnected() {
    return connected().isPresent();
  }

  private Optional<KeeperChannel> connected() {
    lock.lock();
    try {
      return Optional.ofNullable(channel);
    } finally {
      lock.unlock();
    }
  }

  private void listen(Runnable handOver, Runnable stop) {
    try {
      while (true) {
        Optional<KeeperChannel> present = connected();
        if (present.isEmpty()) {
          Thread.sleep(PAUSE);
          reconnect();
        } else if (!isHeard(present.get(), handOver, stop)) {
          disconnected(present.get());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isHeard(KeeperChannel from, Runnable handOver, Runnable stop) {
    Optional<KeeperChannel.Received> received;
    try {
      received = from.receive();
    } catch (PosixException | KurveException e) {
      LOG.warn("the keeper is not understood: {}", e.getMessage());
      return false;
    }
    if (received.isEmpty()) {
      return false;
    }
    switch (received.get().message()) {
      case KeeperMessage.Done done -> answered(true);
      case KeeperMessage.Refused refused -> {
        LOG.error("the keeper refuses: {}", refused.why());
        answered(false);
      }
      case KeeperMessage.HandOver asked -> handOver.run();
      case KeeperMessage.Stop asked -> stop.run();
      case KeeperMessage.Succeed other -> LOG.error("{}", unexpected(other).text());
      case KeeperMessage.Serving other -> LOG.error("{}", unexpected(other).text());
      case KeeperMessage.Deposit other -> LOG.error("{}", unexpected(other).text());
      case KeeperMessage.Remove other -> LOG.error("{}", unexpected(other).text());
      case KeeperMessage.Replace other -> LOG.error("{}", unexpected(other).text());
      case KeeperMessage.Given other -> LOG.error("{}", unexpected(other).text());
      case KeeperMessage.AllGiven other -> LOG.error("{}", unexpected(other).text());
    }
    return true;
  }

  private void answered(boolean well) {
    lock.lock();
    try {
      CompletableFuture<Boolean> first = unanswered.poll();
      if (first != null) {
        first.complete(well);
      }
    } finally {
      lock.unlock();
    }
  }

  private void disconnected(KeeperChannel gone) {
    LOG.warn("the keeper is gone: this host serves on, but nobody could go on after it");
    lock.lock();
    try {
      channel = null;
      unanswered.forEach(one -> one.complete(false));
      unanswered.clear();
      gone.close();
    } catch (PosixException e) {
      LOG.error("the keeper's connection was not closed", e);
    } finally {
      lock.unlock();
    }
  }

  private void reconnect() {
    lock.lock();
    try {
      KeeperChannel fresh = KeeperChannel.connect(socket);
      channel = fresh;
      fresh.send(new KeeperMessage.Serving());
      for (KeptAttachment kept : deposited.values()) {
        var unused = sendDeposit(fresh, kept);
      }
      LOG.info("another keeper holds {} attachments", deposited.size());
    } catch (PosixException e) {
      LOG.debug("no keeper: {}", e.getMessage());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void deposit(Device device) {
    KeptAttachment kept = describe(device);
    CompletableFuture<Boolean> done = CompletableFuture.completedFuture(false);
    lock.lock();
    try {
      deposited.put(kept.attachment(), kept);
      if (channel != null) {
        done = sendDeposit(channel, kept);
      }
    } catch (PosixException e) {
      LOG.warn("{} was not deposited", kept.attachment(), e);
    } finally {
      lock.unlock();
    }
    if (!isDone(done)) {
      LOG.warn("no keeper holds {} yet: its device would die with this host", kept.attachment());
    }
  }

  @Override
  public void remove(AttachmentId attachment) {
    CompletableFuture<Boolean> done = CompletableFuture.completedFuture(true);
    lock.lock();
    try {
      if (deposited.remove(attachment) != null && channel != null) {
        channel.send(new KeeperMessage.Remove(attachment));
        done = new CompletableFuture<>();
        unanswered.add(done);
      }
    } catch (PosixException e) {
      LOG.warn("{} was not taken from the keeper", attachment, e);
    } finally {
      lock.unlock();
    }
    if (!isDone(done)) {
      LOG.warn("the keeper does not say that it let {} go", attachment);
    }
  }

  private static boolean isDone(CompletableFuture<Boolean> answer) {
    return answer.completeOnTimeout(false, ANSWER.toMillis(), TimeUnit.MILLISECONDS).join();
  }

  /** Under the lock. */
  private CompletableFuture<Boolean> sendDeposit(KeeperChannel to, KeptAttachment kept)
      throws PosixException {
    List<OwnedDescriptor> held = new ArrayList<>();
    try {
      for (OwnedDescriptor descriptor : descriptors.of(kept.attachment())) {
        if (descriptor.enter()) {
          held.add(descriptor);
        }
      }
      if (held.size() != DESCRIPTORS) {
        return CompletableFuture.completedFuture(false);
      }
      to.send(
          new KeeperMessage.Deposit(kept),
          held.stream().map(OwnedDescriptor::number).toArray(Integer[]::new));
    } finally {
      held.forEach(OwnedDescriptor::exit);
    }
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    unanswered.add(done);
    return done;
  }

  @Override
  public Set<Long> processes() {
    try {
      Optional<KeeperChannel> present = connected();
      return present.isEmpty() ? Set.of() : Set.of(present.get().peer().pid());
    } catch (PosixException e) {
      return Set.of(); // it has just ended
    }
  }

  private static KeptAttachment describe(Device device) {
    Volume volume = device.volume().volume();
    FuseLimits limits = device.mount().limits();
    return new KeptAttachment(
        device.volume().attachment(),
        new KeptAttachment.KeptVolume(
            volume.id(),
            volume.name(),
            volume.sizeBytes(),
            volume.logicalBlockBytes(),
            volume.shared(),
            volume.sequence()),
        new KeptAttachment.KeptDevice(device.loop().number(), device.link().toString()),
        new KeptAttachment.KernelTerms(
            limits.maxBackground(), limits.maxWriteBytes(), device.mount().resends()));
  }
}
