package io.kurve.chunkserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.copyset.Samples;
import io.kurve.chunkserver.service.ServiceWorld.Answer;
import io.kurve.core.checksum.BlockChecksum;
import io.kurve.core.data.DataReply;
import io.kurve.core.data.DataRequest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class CompareAndWriteTest {
  private final ServiceWorld world = new ServiceWorld().ready(10);

  private void settle() {
    do {
      world.loop.runUntilIdle();
      world.log.applyAll();
    } while (world.loop.pending() > 0 || world.log.waiting() > 0);
  }

  @Test
  void rule21ItWritesOnlyOverTheExpectedBlock() {
    Answer first = world.compareAndWrite(1, 0, 5, BlockChecksum.ZERO_BLOCK);
    settle();
    assertThat(first.get()).isEqualTo(new DataReply.Done());
    Answer second = world.compareAndWrite(2, 0, 6, BlockChecksum.ZERO_BLOCK);
    settle();
    assertThat(second.get()).isEqualTo(new DataReply.Mismatch(ServiceWorld.crc(5)));
    assertThat(((DataReply.Data) world.read(101, 0).get()).data()).isEqualTo(Samples.filled(1, 5));
  }

  @Test
  void rule14WithoutALeaseNobodyIsToldThatABlockDiffers() {
    Answer differs = world.compareAndWrite(1, 0, 5, ServiceWorld.crc(1));
    world.log.loseLease();
    settle();
    assertThat(differs.code()).isEqualTo("NOT_LEADER");
  }

  @Test
  void rule21ItWaitsForEarlierWritesAndLaterOnesWaitForIt() {
    Answer earlier = world.write(1, 101, 0, 1);
    Answer compare = world.compareAndWrite(2, 0, 2, ServiceWorld.crc(1));
    Answer later = world.write(3, 101, 0, 3);
    Answer other = world.write(4, 101, 1, 4);
    world.loop.runUntilIdle();
    assertThat(world.log.waiting()).isEqualTo(2);
    world.log.applyNext();
    assertThat(earlier.get()).isEqualTo(new DataReply.Done());
    settle();
    assertThat(compare.get()).isEqualTo(new DataReply.Done());
    assertThat(later.get()).isEqualTo(new DataReply.Done());
    assertThat(other.get()).isEqualTo(new DataReply.Done());
    assertThat(((DataReply.Data) world.read(101, 0).get()).data()).isEqualTo(Samples.filled(1, 3));
  }

  @Test
  void rule13ARetryOfAnAppliedOneIsDoneThoughItsBlockHasChanged() {
    Answer first = world.compareAndWrite(1, 0, 5, BlockChecksum.ZERO_BLOCK);
    Answer retry = world.compareAndWrite(1, 0, 5, BlockChecksum.ZERO_BLOCK);
    settle();
    assertThat(first.get()).isEqualTo(new DataReply.Done());
    assertThat(retry.get()).isEqualTo(new DataReply.Done());
    assertThat(world.compareAndWrite(1, 0, 5, BlockChecksum.ZERO_BLOCK).get())
        .isEqualTo(new DataReply.Done());
  }

  @Test
  void behindAnUnknownOutcomeNothingIsCompared() {
    Answer unknown = world.write(1, 101, 0, 1);
    Answer waiting = world.compareAndWrite(2, 0, 2, BlockChecksum.ZERO_BLOCK);
    Answer behind = world.write(3, 101, 0, 3);
    world.log.endUnknown();
    world.loop.runUntilIdle();
    assertThat(unknown.code()).isEqualTo("UNKNOWN_OUTCOME");
    assertThat(waiting.code()).isEqualTo("UNAVAILABLE");
    assertThat(behind.code()).isEqualTo("UNAVAILABLE");
    assertThat(world.compareAndWrite(4, 0, 2, BlockChecksum.ZERO_BLOCK).code())
        .isEqualTo("UNAVAILABLE");
    Answer plain = world.write(5, 101, 0, 5);
    world.log.applyAll();
    assertThat(plain.get()).isEqualTo(new DataReply.Done());
    world.log.follow(Optional.empty());
    world.log.applyInDoubt();
    world.log.lead();
    Answer again = world.compareAndWrite(2, 0, 2, ServiceWorld.crc(1));
    settle();
    assertThat(again.get()).isEqualTo(new DataReply.Done());
  }

  @Test
  void comparedInOneTermNeverProposedInAnother() {
    Answer compare = world.compareAndWrite(1, 0, 2, BlockChecksum.ZERO_BLOCK);
    world.log.follow(Optional.empty());
    world.log.lead();
    world.loop.runUntilIdle();
    assertThat(compare.code()).isEqualTo("NOT_LEADER");
    assertThat(world.log.waiting()).isZero();
  }

  /** Several writers count up their own byte of one block; leaders come and go. */
  @Test
  void rule21NoUpdateIsLost() {
    for (int seed = 0; seed < 40; seed++) {
      RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
      ServiceWorld world = new ServiceWorld().ready(10);
      List<Writer> writers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        writers.add(new Writer(world, i, 1 + i * 10_000L));
      }
      for (int step = 0; step < 600; step++) {
        writers.get(random.nextInt(writers.size())).step();
        switch (random.nextInt(12)) {
          case 0, 1, 2, 3, 4 -> world.loop.runNext();
          case 5, 6, 7, 8 -> {
            if (world.log.waiting() > 0) {
              world.log.applyNext();
            }
          }
          case 9 -> {
            if (random.nextInt(10) == 0) {
              world.log.follow(Optional.empty());
              if (random.nextBoolean()) {
                world.log.applyInDoubt();
              }
              world.log.lead();
            }
          }
          default -> {}
        }
      }
      for (int round = 0; round < 200; round++) {
        world.loop.runUntilIdle();
        world.log.applyAll();
        writers.forEach(Writer::finishLast);
      }
      byte[] block = ((DataReply.Data) world.read(101, 0).get()).data().array();
      for (Writer writer : writers) {
        assertThat(Byte.toUnsignedInt(block[writer.place * 512]))
            .as("seed %d writer %d", seed, writer.place)
            .isEqualTo(writer.count & 0xff);
      }
      assertThat(writers.stream().mapToInt(writer -> writer.count).sum()).isGreaterThan(20);
    }
  }

  /** Reads the block, raises its own byte and writes the block back if it has not changed. */
  private static final class Writer {
    private final ServiceWorld world;
    private final int place;
    private long number;
    private int count;
    private byte[] content = new byte[0];
    private int expected;
    private Optional<Answer> pending = Optional.empty();

    Writer(ServiceWorld world, int place, long firstNumber) {
      this.world = world;
      this.place = place;
      this.number = firstNumber;
    }

    void step() {
      if (pending.isEmpty()) {
        begin();
      } else {
        harvest();
      }
    }

    void finishLast() {
      if (pending.isPresent()) {
        harvest();
      }
    }

    private void begin() {
      if (!(world.read(101, 0).get() instanceof DataReply.Data data)) {
        return;
      }
      content = data.data().array().clone();
      expected = data.checksums()[0];
      content[place * 512] = (byte) (count + 1);
      send();
    }

    private void send() {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      pending =
          Optional.of(
              world.send(
                  ServiceWorld.id(number),
                  101,
                  new DataRequest.Write(
                      0, bytes, BlockChecksum.ofBlocks(bytes), Optional.of(expected))));
    }

    private void harvest() {
      Answer answer = pending.orElseThrow();
      if (answer.pending()) {
        return;
      }
      switch (answer.get()) {
        case DataReply.Done done -> {
          count++;
          number++;
          pending = Optional.empty();
        }
        case DataReply.Mismatch mismatch -> {
          number++;
          pending = Optional.empty();
        }
        case DataReply.Failed failed -> send();
        case DataReply.Data data -> throw new AssertionError(data);
      }
    }
  }
}
