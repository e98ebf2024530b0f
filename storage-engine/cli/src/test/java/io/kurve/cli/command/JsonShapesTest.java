package io.kurve.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.kurve.chunkserver.store.StoreFinding;
import io.kurve.core.failure.ErrorCode;
import io.kurve.core.metadata.ClusterInspection.Reason;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The document names every field that programs get. */
class JsonShapesTest {
  private static final List<Class<? extends Record>> SHAPES =
      List.of(
          VolumeView.class,
          VolumeView.AttachmentView.class,
          Attached.class,
          RecycleBin.DeletedView.class,
          ClusterCommand.PolicyView.class,
          DiskCommand.DiskView.class,
          DiskCommand.DrainView.class,
          ClusterCommand.StatusView.class,
          Reason.class,
          StoreCommand.InspectView.class,
          StoreCommand.CopysetView.class,
          StoreCommand.CheckView.class,
          StoreFinding.class);

  @Test
  void soAreTheCodesOfErrors() throws IOException {
    String document = Files.readString(Path.of("..", "..", "docs", "CLI.md"));
    assertThat(ErrorCode.values())
        .allSatisfy(code -> assertThat(document).contains("`" + code + "`"));
  }

  @Test
  void theyAreAllInTheDocument() throws IOException {
    String document = Files.readString(Path.of("..", "..", "docs", "CLI.md"));
    for (Class<? extends Record> shape : SHAPES) {
      assertThat(Arrays.stream(shape.getRecordComponents()).map(RecordComponent::getName))
          .as(shape.getSimpleName())
          .allSatisfy(name -> {
            String field = name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
            assertThat(document).containsAnyOf("`" + field + "`", "\"" + field + "\"");
          });
    }
  }
}
