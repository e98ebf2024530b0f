package io.kurve.metastore.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;

/** The port to the disk: how the store opens what it writes, or forces to the disk. */
@FunctionalInterface
interface ChannelSource {
  FileChannel open(Path file, OpenOption... options) throws IOException;
}
