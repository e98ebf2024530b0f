package io.kurve.chunkserver.service;

import io.kurve.chunkserver.copyset.ChunkBlocks;
import io.kurve.chunkserver.copyset.CopysetStateMachine;
import io.kurve.core.data.ChunkAddress;
import io.kurve.core.data.ReplicaMessages.ReadForRepair;
import io.kurve.core.data.ReplicaMessages.RepairBlocks;
import io.kurve.core.data.ReplicaService;
import io.kurve.core.id.ReplicaId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a good copy in the place of a damaged block.
 *
 * <pre>
 *   own table holds the block's checksum ──> a peer's copy that matches it
 *   own table is damaged there           ──> what two peers agree on at one applied index,
 *                                            while this replica is at that index, too
 * </pre>
 *
 * <p>Blocks: called on the repair thread only.
 */
final class BlockRepair {
  private static final Logger log = LoggerFactory.getLogger(BlockRepair.class);
  private static final int ROUNDS = 5;
  private static final Duration PEER_DEADLINE = Duration.ofSeconds(2);

  enum Outcome {
    REPAIRED,
    /** Every replica is damaged there. */
    LOST,
    /** Some peer could not be asked, or is behind: to be tried again. */
    NOT_NOW
  }

  private final CopysetStateMachine machine;
  private final Supplier<List<ReplicaId>> peers;
  private final Function<ReplicaId, ReplicaService> services;
  private final ServiceMetrics metrics;
  private final String disk;

  /** Found bad and not good again since; so few that nobody minds the memory. */
  private final Set<Place> outstanding = ConcurrentHashMap.newKeySet();

  private record Place(ChunkAddress address, int block) {}

  BlockRepair(
      CopysetStateMachine machine,
      Supplier<List<ReplicaId>> peers,
      Function<ReplicaId, ReplicaService> services,
      ServiceMetrics metrics,
      String disk) {
    this.machine = machine;
    this.peers = peers;
    this.services = services;
    this.metrics = metrics;
    this.disk = disk;
    metrics.watch(disk);
  }

  Outcome repair(ChunkAddress address, int block) throws InterruptedException {
    metrics.damagedBlock(disk);
    log.warn("{}: block {} of {} in {} is damaged", disk, block, address, machine.copyset());
    Place place = new Place(address, block);
    outstanding.add(place);
    Outcome outcome = Outcome.NOT_NOW;
    try {
      for (int round = 0; round < ROUNDS && outcome == Outcome.NOT_NOW; round++) {
        outcome = tryOnce(address, block);
      }
    } catch (IOException e) {
      log.warn("{}: block {} of {}: {}", disk, block, address, e.getMessage());
    }
    switch (outcome) {
      case REPAIRED -> {
        outstanding.remove(place);
        metrics.repairedBlock(disk);
        log.warn(
            "{}: block {} of {} in {} is repaired from a peer",
            disk,
            block,
            address,
            machine.copyset());
      }
      case LOST -> {
        metrics.lostBlock(disk);
        log.error(
            "{}: block {} of {} in {} is damaged on all replicas",
            disk,
            block,
            address,
            machine.copyset());
      }
      case NOT_NOW ->
          log.warn(
              "{}: block {} of {} in {} can't be repaired now",
              disk,
              block,
              address,
              machine.copyset());
    }
    return outcome;
  }

  /** Blocks that are known to be bad; one that was written anew is so no longer. */
  int outstanding() {
    outstanding.removeIf(this::isGoodAgain);
    return outstanding.size();
  }

  private boolean isGoodAgain(Place place) {
    try {
      return isGood(machine.blocks(), place.address(), place.block());
    } catch (IOException installing) {
      return false;
    }
  }

  private Outcome tryOnce(ChunkAddress address, int block)
      throws IOException, InterruptedException {
    ChunkBlocks blocks = machine.blocks();
    if (isGood(blocks, address, block)) {
      return Outcome.REPAIRED;
    }
    List<ReplicaId> asked = peers.get();
    List<RepairBlocks> answers = ask(asked, new ReadForRepair(address.chunk(), block, 1));
    OptionalInt own = blocks.checksum(address, block);
    boolean repaired =
        own.isPresent()
            ? fromOne(blocks, address, block, answers)
            : fromTwo(blocks, address, block, answers);
    if (repaired) {
      return Outcome.REPAIRED;
    }
    boolean allDamaged =
        answers.size() == asked.size() && answers.stream().noneMatch(RepairBlocks::whole);
    return allDamaged ? Outcome.LOST : Outcome.NOT_NOW;
  }

  /** It may have been written anew, or repaired for another reader. */
  private static boolean isGood(ChunkBlocks blocks, ChunkAddress address, int block)
      throws IOException {
    return blocks.read(address, block, 1, ByteBuffer.allocate(4096), new int[1]).isEmpty();
  }

  private static boolean fromOne(
      ChunkBlocks blocks, ChunkAddress address, int block, List<RepairBlocks> answers)
      throws IOException {
    for (RepairBlocks answer : answers) {
      if (answer.whole() && blocks.repair(address, block, answer.data())) {
        return true;
      }
    }
    return false;
  }

  private static boolean fromTwo(
      ChunkBlocks blocks, ChunkAddress address, int block, List<RepairBlocks> answers)
      throws IOException {
    for (int i = 0; i < answers.size(); i++) {
      for (int j = i + 1; j < answers.size(); j++) {
        RepairBlocks one = answers.get(i);
        RepairBlocks other = answers.get(j);
        if (one.whole()
            && other.whole()
            && one.appliedIndex() == other.appliedIndex()
            && one.data().equals(other.data())
            && blocks.replace(address, block, one.data(), true, one.appliedIndex())) {
          return true;
        }
      }
    }
    return false;
  }

  private List<RepairBlocks> ask(List<ReplicaId> asked, ReadForRepair request)
      throws InterruptedException {
    List<RepairBlocks> answers = new ArrayList<>();
    for (ReplicaId peer : asked) {
      try {
        answers.add(
            services
                .apply(peer)
                .readForRepair(machine.copyset(), request)
                .toCompletableFuture()
                .get(PEER_DEADLINE.toMillis(), TimeUnit.MILLISECONDS));
      } catch (ExecutionException | TimeoutException e) {
        log.info("{} can't help with {}: {}", peer, request, e.toString());
      }
    }
    return answers;
  }
}
