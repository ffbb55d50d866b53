package io.gradsieve.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.train.EpochMetrics;
import io.gradsieve.train.Evaluation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * {@code metrics.jsonl}: one object an epoch, appended and flushed before the epoch's checkpoint is
 * made.
 */
final class MetricsFile {
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

  /** Appends an epoch. */
  void append(EpochMetrics metrics) {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
      String line = JSON.writeValueAsString(fields(metrics)) + "\n";
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

  /** An epoch's line. */
  private static Map<String, Object> fields(EpochMetrics metrics) {
    OptionalDouble noise = metrics.noiseScale();
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("epoch", metrics.epoch());
    fields.put("train_loss", metrics.trainLoss());
    fields.put("train_accuracy", metrics.trainAccuracy());
    put(fields, "validation", metrics.validation());
    put(fields, "test", metrics.test());
    fields.put("test_accuracy_recalibrated", metrics.recalibratedAccuracy().orElse(null));
    fields.put("samples_seen", metrics.samplesSeen());
    fields.put("samples_kept", metrics.samplesKept());
    fields.put("kept_fraction", metrics.keptFraction());
    fields.put("forward_only", metrics.forwardOnly());
    fields.put("samples_per_second", metrics.samplesPerSecond());
    fields.put("seconds", metrics.seconds());
    fields.put("eta_seconds", metrics.etaSeconds());
    fields.put("learning_rate", metrics.learningRate());
    fields.put("lr_scale", metrics.lrScale());
    fields.put("batch_size", metrics.batchSize());
    fields.put("noise_scale", noise.isPresent() ? noise.getAsDouble() : null);
    return fields;
  }

  private static void put(Map<String, Object> fields, String part, Optional<Evaluation> figures) {
    fields.put(part + "_loss", figures.map(Evaluation::loss).orElse(null));
    fields.put(part + "_accuracy", figures.map(Evaluation::accuracy).orElse(null));
  }
}
