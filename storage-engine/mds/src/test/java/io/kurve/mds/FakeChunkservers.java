package io.kurve.mds;

import io.kurve.core.failure.ErrorCode;
import io.kurve.core.failure.KurveException;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.id.ChunkserverId;
import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.MdsTerm;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.id.VolumeId;
import io.kurve.core.log.Membership;
import io.kurve.core.metadata.ChunkserverCommands;
import io.kurve.core.time.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Chunkservers as the MDS meets them: copysets commit grants and purges when a majority of their
 * members is up and the leader is asked; lower terms are refused.
 */
final class FakeChunkservers implements ChunkserverCommands {
  final Map<CopysetId, FakeCopyset> copysets = new TreeMap<>();
  final TreeSet<ChunkserverId> down = new TreeSet<>();
  final List<String> log = new ArrayList<>();

  /** So many changes of voters end when the learner has given its place up. */
  int cutOffChanges;

  /** Changes of whose members happen and are not told. */
  Predicate<CopysetId> unheard = _ -> false;

  private final EventLoop loop;
  private MdsTerm highestTerm = new MdsTerm(0);

  FakeChunkservers(EventLoop loop) {
    this.loop = loop;
  }

  static final class FakeCopyset {
    final CopysetKey key;
    Membership membership;

    /** Those whose disks hold a replica, members or not. */
    final TreeSet<ReplicaId> replicas = new TreeSet<>();

    final Map<VolumeId, Grant> grants = new TreeMap<>();
    final Map<VolumeId, Long> purged = new TreeMap<>();
    boolean mute;

    FakeCopyset(CopysetKey key, Membership membership) {
      this.key = key;
      this.membership = membership;
      replicas.addAll(membership.voters());
    }

    boolean admits(VolumeId volume, AttachmentId attachment) {
      Grant grant = grants.get(volume);
      return grant != null && grant.admitted().contains(attachment);
    }
  }

  FakeCopyset copyset(CopysetId id) {
    FakeCopyset found = copysets.get(id);
    if (found == null) {
      throw new AssertionError(id + " was not founded");
    }
    return found;
  }

  void found(CopysetKey key, Membership membership) {
    copysets.putIfAbsent(key.id(), new FakeCopyset(key, membership));
  }

  /** The lowest member that is up, if a majority is. */
  Optional<ReplicaId> leader(FakeCopyset copyset) {
    List<ReplicaId> up =
        copyset.membership.voters().stream()
            .filter(member -> !down.contains(member.chunkserver()))
            .toList();
    return up.size() > copyset.membership.voters().size() / 2 && !copyset.mute
        ? Optional.of(up.get((int) (copyset.key.id().value() % up.size())))
        : Optional.empty();
  }

  @Override
  public CompletionStage<Void> createCopyset(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership membership) {
    return answer(
        target,
        authority,
        () -> {
          if (membership.voters().isEmpty()) {
            log.add("join " + copyset.id() + " " + target.chunkserver());
            copyset(copyset.id()).replicas.add(target);
          } else {
            found(copyset, membership);
          }
          return null;
        });
  }

  @Override
  public CompletionStage<Void> grant(
      ReplicaId target, Authority authority, CopysetKey copyset, Grant grant) {
    return answer(
        target,
        authority,
        () -> {
          FakeCopyset found = leading(target, copyset);
          Grant before = found.grants.get(grant.volume());
          if (before != null && before.revision() > grant.revision()) {
            throw refused("a newer grant is applied");
          }
          log.add("grant " + copyset.id() + " " + grant.volume() + " " + grant.admitted());
          found.grants.put(grant.volume(), grant);
          return null;
        });
  }

  @Override
  public CompletionStage<Void> purgeVolume(
      ReplicaId target,
      Authority authority,
      CopysetKey copyset,
      VolumeId volume,
      long deletingTransaction) {
    return answer(
        target,
        authority,
        () -> {
          log.add("purge " + copyset.id() + " " + volume);
          leading(target, copyset).purged.put(volume, deletingTransaction);
          return null;
        });
  }

  @Override
  public CompletionStage<Void> changeMembership(
      ReplicaId target, Authority authority, CopysetKey copyset, Membership wanted) {
    return answer(
        target,
        authority,
        () -> {
          FakeCopyset found = leading(target, copyset);
          for (ReplicaId voter : wanted.voters()) {
            if (!found.membership.voters().contains(voter)
                && !(found.membership.learners().contains(voter)
                    && found.replicas.contains(voter)
                    && !down.contains(voter.chunkserver()))) {
              throw new KurveException(ErrorCode.UNAVAILABLE, voter + " has not caught up", "");
            }
          }
          if (!found.membership.voters().equals(wanted.voters()) && cutOffChanges > 0) {
            // As when the leader dies between the two steps of a change of voters.
            cutOffChanges--;
            found.membership = Membership.ofVoters(found.membership.voters());
            log.add("cut off " + copyset.id());
            throw new KurveException(ErrorCode.UNAVAILABLE, "it leads no more", "");
          }
          log.add("members " + copyset.id() + " " + wanted);
          found.membership = wanted;
          if (unheard.test(copyset.id())) {
            throw new KurveException(ErrorCode.UNAVAILABLE, "nobody hears the answer", "");
          }
          return null;
        });
  }

  @Override
  public CompletionStage<Void> purgeReplica(
      ReplicaId target, Authority authority, CopysetKey copyset, long removingTransaction) {
    return answer(
        target,
        authority,
        () -> {
          log.add("purge replica " + copyset.id() + " " + target.chunkserver());
          copyset(copyset.id()).replicas.remove(target);
          return null;
        });
  }

  @Override
  public CompletionStage<List<Long>> chunksOf(
      ReplicaId target, CopysetKey copyset, VolumeId volume) {
    throw new AssertionError("the MDS does not ask for it yet");
  }

  private FakeCopyset leading(ReplicaId target, CopysetKey key) {
    FakeCopyset copyset = copyset(key.id());
    if (leader(copyset).filter(target::equals).isEmpty()) {
      throw new KurveException(ErrorCode.NOT_LEADER, target + " does not lead " + key, "");
    }
    return copyset;
  }

  private <T extends @org.jspecify.annotations.Nullable Object> CompletionStage<T> answer(
      ReplicaId target, Authority authority, Supplier<T> work) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    loop.execute(() -> {
      try {
        if (down.contains(target.chunkserver())) {
          throw new KurveException(ErrorCode.UNAVAILABLE, target + " is down", "");
        }
        if (authority.term().compareTo(highestTerm) < 0) {
          throw refused(authority.term() + " is deposed by " + highestTerm);
        }
        highestTerm = authority.term();
        answer.complete(work.get());
      } catch (KurveException refusal) {
        answer.completeExceptionally(refusal);
      }
    });
    return answer;
  }

  private static KurveException refused(String why) {
    return new KurveException(ErrorCode.REFUSED, why, "");
  }
}
