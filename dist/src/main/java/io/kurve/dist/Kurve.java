package io.kurve.dist;

import io.kurve.blockdev.host.VolumeHostMain;
import io.kurve.blockdev.keeper.KeeperMain;
import io.kurve.chunkserver.server.ChunkserverMain;
import io.kurve.cli.KurveCli;
import io.kurve.cli.playground.FolderWatch;
import io.kurve.mds.MdsMain;
import io.kurve.protocol.observability.GrpcLogs;
import java.nio.file.Path;
import java.util.Arrays;

/** The one entry: the first argument chooses the server, or it is a command for people. */
public final class Kurve {
  private Kurve() {}

  public static void main(String[] arguments) throws Exception {
    String role = arguments.length == 0 ? "" : arguments[0];
    String[] rest =
        arguments.length == 0 ? arguments : Arrays.copyOfRange(arguments, 1, arguments.length);
    switch (role) {
      case "mds", "chunkserver", "volume-host" -> GrpcLogs.intoTheLog();
      default -> GrpcLogs.onlyFaults();
    }
    FolderWatch.begin(role);
    switch (role) {
      case "mds" -> MdsMain.main(rest);
      case "chunkserver" -> ChunkserverMain.main(rest);
      case "volume-host" -> VolumeHostMain.main(rest);
      case "keeper" -> KeeperMain.main(rest);
      case "rehearse" -> System.exit(Rehearsal.run(Path.of(rest[0])));
      default -> System.exit(KurveCli.run(arguments));
    }
  }
}
