package io.gradsieve.format.files;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import io.gradsieve.GradsieveException;
import io.gradsieve.format.FileNames;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The one file a command writes: whole or not there, what was there before intact on failure. */
public final class OutputFile {
  private OutputFile() {}

  /** Writes records. */
  @FunctionalInterface
  public interface Records {
    void write(CsvWriter csv) throws IOException;
  }

  /**
   * The path that {@code --out} names, looked at before the work is done.
   *
   * @param endings that say a format we write
   * @throws GradsieveException.Usage for another ending
   * @throws GradsieveException.Output if nothing can be written there
   */
  public static Path of(String text, String... endings) {
    Path path = FileNames.path("--out", text);
    if (endings.length > 0 && !List.of(endings).contains(ending(path))) {
      throw new GradsieveException.Usage(
          "--out %s: must end in .%s".formatted(text, String.join(" or .", endings)));
    }
    if (Files.isDirectory(path)) {
      throw new GradsieveException.Output(path + ": is a directory; --out names a file");
    }
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      // The rename that ends a write would put a file in the place of a device.
      throw new GradsieveException.Output(
          path + ": is a device or a pipe; --out names a file, which is replaced as a whole");
    }
    Path directory = DurableFiles.parent(path);
    if (!Files.isDirectory(directory) || !Files.isWritable(directory)) {
      throw new GradsieveException.Output(
          "%s: can't be written: %s"
              .formatted(
                  path,
                  Files.isDirectory(directory)
                      ? "no permission to write in " + directory
                      : directory + " is not a directory; make it first"));
    }
    return path;
  }

  /** What follows the last dot, in small letters. */
  public static String ending(Path path) {
    String name = String.valueOf(path.getFileName());
    return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
  }

  /** Replaces a file by a text. */
  public static void writeText(Path path, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    write(path, target -> target.write(ByteBuffer.wrap(bytes)));
  }

  /** Replaces a file. */
  public static void write(Path path, DurableFiles.Body body) {
    new DurableFiles().replaceAlone(path, body);
  }

  /** Records between commas as the content of a file. */
  public static DurableFiles.Body csv(Records records) {
    return target -> {
      try (Writer writer = Channels.newWriter(target, StandardCharsets.UTF_8);
          CsvWriter csv = CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(writer)) {
        records.write(csv);
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    };
  }

  /** Replaces a file by records between commas. */
  public static void writeCsv(Path path, Records records) {
    write(path, csv(records));
  }
}
