package io.kurve.cli.playground;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code playground status -o json} prints; scripts rely on the names. */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record PlaygroundStatus(
    @Nullable String device, @Nullable VolumeStatus volume, List<ProcessStatus> processes) {
  /**
   * @param sizeBytes what it was made with when the MDS can't be asked
   * @param mappedBytes what was written takes at least so much; 0 when nothing was; null when the
   *     MDS can't be asked
   */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  public record VolumeStatus(String name, long sizeBytes, @Nullable Long mappedBytes) {}

  /**
   * @param pid null when it is dead
   * @param address a port, or a keeper's socket
   * @param metrics null for a keeper
   * @param store the disk of a chunkserver, the folder of an MDS or of etcd, the run folder of a
   *     volume host
   * @param leader of an MDS: whether it leads; of others null, which is left out
   */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  public record ProcessStatus(
      String role,
      String name,
      @Nullable Long pid,
      String address,
      @Nullable String metrics,
      String store,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Boolean leader) {}
}
