package io.kurve.client.volume;

import io.kurve.core.id.CopysetId;
import io.kurve.core.id.CopysetKey;
import io.kurve.core.id.ReplicaId;
import io.kurve.core.metadata.CopysetPlacement;
import io.kurve.core.metadata.CopysetPlacement.Member;
import java.util.List;
import java.util.Optional;

/** The members of one copyset and the one that we believe to lead it. */
final class Route {
  private final CopysetId copyset;
  private Optional<CopysetPlacement> placement = Optional.empty();
  private int believed;

  Route(CopysetId copyset) {
    this.copyset = copyset;
  }

  CopysetId copyset() {
    return copyset;
  }

  /** Takes what the MDS says, unless it is of an older generation; keeps a leader that stays. */
  void learn(CopysetPlacement present) {
    if (placement.isPresent() && present.copyset().compareTo(placement.get().copyset()) < 0) {
      return;
    }
    Optional<ReplicaId> kept = target().map(Target::member).map(Member::replica);
    placement = Optional.of(present);
    believed = 0;
    if (kept.isEmpty() || !follow(kept.get())) {
      present.leader().ifPresent(this::follow);
    }
  }

  int size() {
    return members().size();
  }

  /** Whom to ask next; empty until the MDS has named the members. */
  Optional<Target> target() {
    return members().isEmpty()
        ? Optional.empty()
        : placement.map(p -> new Target(p.copyset(), p.members().get(believed)));
  }

  /** Believes that the replica leads; false if it is no member that we know. */
  boolean follow(ReplicaId leader) {
    List<Member> members = members();
    for (int i = 0; i < members.size(); i++) {
      if (members.get(i).replica().equals(leader)) {
        believed = i;
        return true;
      }
    }
    return false;
  }

  /** Believes in the next member; does nothing if somebody else's try already moved on. */
  void moveOnFrom(Member member) {
    List<Member> members = members();
    if (!members.isEmpty() && members.get(believed).equals(member)) {
      believed = (believed + 1) % members.size();
    }
  }

  private List<Member> members() {
    return placement.map(CopysetPlacement::members).orElse(List.of());
  }

  record Target(CopysetKey copyset, Member member) {}
}
