package io.kurve.client.volume;

import io.kurve.core.id.CopysetId;
import io.kurve.core.metadata.CopysetPlacement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Routes to the copysets of one volume. They are learned with the segments; when a copyset's
 * members don't answer, the MDS is asked for them again, at most once in a while and without
 * holding up the tries.
 */
final class Copysets {
  private static final Logger LOG = LoggerFactory.getLogger(Copysets.class);
  private static final Duration BETWEEN_REFRESHES = Duration.ofMillis(500);

  private final VolumePorts ports;
  private final Session session;
  private final MetadataCalls metadata;
  private final Map<CopysetId, Route> routes = new TreeMap<>();
  private final TreeSet<CopysetId> wanted = new TreeSet<>();
  private boolean refreshing;

  Copysets(VolumePorts ports, Session session, MetadataCalls metadata) {
    this.ports = ports;
    this.session = session;
    this.metadata = metadata;
  }

  Route route(CopysetId copyset) {
    return routes.computeIfAbsent(copyset, Route::new);
  }

  void learn(List<CopysetPlacement> placements) {
    for (CopysetPlacement placement : placements) {
      route(placement.copyset().id()).learn(placement);
    }
  }

  void refresh(CopysetId copyset) {
    wanted.add(copyset);
    if (!refreshing) {
      refreshing = true;
      askNow();
    }
  }

  private void askNow() {
    List<CopysetId> asked = List.copyOf(wanted);
    wanted.clear();
    metadata.askOnce(
        () -> ports.metadata().placements(asked),
        placements -> {
          learn(placements);
          rest();
        },
        failure -> {
          LOG.debug("The MDS does not tell where {} are: {}", asked, failure.text());
          rest();
        });
  }

  private void rest() {
    // A call that still gets no answer asks again by itself.
    var unused =
        ports
            .loop()
            .schedule(
                BETWEEN_REFRESHES,
                () -> {
                  refreshing = false;
                  if (!wanted.isEmpty() && !session.isFenced()) {
                    refresh(wanted.first());
                  }
                });
  }
}
