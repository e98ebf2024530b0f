package io.kurve.blockdev.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What this host asks the cluster for, on stable storage before it asks: a file named by the
 * request id, with the volume's name. It goes when the answer is noted by other means, or is a
 * refusal. So a host that dies between the cluster's decision and its own knowledge of it leaves
 * the id under which its successor finds the attachment.
 */
final class OpeningNotes {
  private static final String END = "\n";

  /** One open that was asked for, or is about to be. */
  record Note(String requestId, String volumeName) {}

  private final Path directory;

  /** Asked for, and ended without an answer; the cluster may hold a volume under each of them. */
  private final Queue<Note> unanswered = new ConcurrentLinkedQueue<>();

  /**
   * @param directory of these notes alone
   */
  OpeningNotes(Path directory) {
    this.directory = directory;
  }

  /** To be asked with: the oldest that had no answer if there is one, else a new one. */
  Note begin(String volumeName) throws IOException {
    for (Note known : List.copyOf(unanswered)) {
      if (known.volumeName().equals(volumeName) && unanswered.remove(known)) {
        return known;
      }
    }
    Note note = new Note(UUID.randomUUID().toString(), volumeName);
    ByteBuffer text = ByteBuffer.wrap((volumeName + END).getBytes(StandardCharsets.UTF_8));
    try (FileChannel file =
        FileChannel.open(file(note), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      while (text.hasRemaining()) {
        int ignored = file.write(text);
      }
      file.force(true);
    }
    try (FileChannel names = FileChannel.open(directory)) {
      names.force(true);
    }
    return note;
  }

  /** It may have been decided: whoever asks for this volume next asks under the same id. */
  void unanswered(Note note) {
    unanswered.add(note);
  }

  /** Its attachment is noted elsewhere, or given up, or there is none. */
  void end(Note note) throws IOException {
    Files.deleteIfExists(file(note));
  }

  /** A predecessor's; one that is not whole was never asked with, and goes. */
  List<Note> left() throws IOException {
    List<Note> left = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        String text = Files.readString(file, StandardCharsets.UTF_8);
        if (text.endsWith(END)) {
          left.add(new Note(file.getFileName().toString(), text.strip()));
        } else {
          Files.delete(file);
        }
      }
    }
    left.sort(Comparator.comparing(Note::requestId));
    return left;
  }

  private Path file(Note note) {
    return directory.resolve(note.requestId());
  }
}
