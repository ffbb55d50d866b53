package io.gradsieve.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.format.files.DurableFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * {@code metrics.jsonl}: one object an epoch, appended and flushed before the epoch's checkpoint is
 * made.
 */
final class MetricsFile implements TrainingListener {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path path;
  private long bytes;

  /**
   * Cuts the file to its first {@code bytes}: what was written after the checkpoint is written
   * anew.
   */
  MetricsFile(Path path, long bytes) {
    this.path = path;
    this.bytes = bytes;
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      file.truncate(bytes);
      this.bytes = file.size();
    } catch (IOException e) {
      throw DurableFiles.failure(path, e);
    }
  }

  /** Length so far. */
  long bytes() {
    return bytes;
  }

  @Override
  public void epochFinished(TrainingState state, EpochMetrics metrics) {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
      String line = JSON.writeValueAsString(metrics.fields()) + "\n";
      ByteBuffer text = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
      file.position(bytes);
      while (text.hasRemaining()) {
        file.write(text);
      }
      file.force(true);
      bytes = file.position();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("metrics that are no JSON", e);
    } catch (IOException e) {
      throw DurableFiles.failure(path, e);
    }
  }
}
