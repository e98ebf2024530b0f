package io.kurve.mds.leadership;

import io.kurve.mds.state.Change;
import java.util.List;
import java.util.function.Supplier;

/**
 * What a request comes to.
 *
 * @param changes to commit; none: the reply stands as it is
 * @param reply read off the image once the changes are in it
 */
public record Decision<R>(List<Change> changes, Supplier<R> reply) {
  public Decision {
    changes = List.copyOf(changes);
  }

  public static <R> Decision<R> reply(R value) {
    return new Decision<>(List.of(), () -> value);
  }
}
