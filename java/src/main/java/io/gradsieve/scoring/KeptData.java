package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SubsetWriter;
import io.gradsieve.format.files.OutputFile;
import io.gradsieve.format.npy.NpyHeader;
import io.gradsieve.format.npy.NpyType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What {@code prune} writes: indices as text or numpy array, or the kept part of the data. */
final class KeptData {
  private KeptData() {}

  /** Whether data is written there, not indices. */
  static boolean isData(Path out) {
    return !List.of("txt", "npy").contains(OutputFile.ending(out));
  }

  /**
   * Writes the kept samples.
   *
   * @param kept positions in the original file, ascending
   * @param data they were chosen from; empty only where indices are wanted
   * @return why data was written without labels; empty: it has them, or is no data
   */
  static Optional<String> write(Path out, long[] kept, Settings settings, Optional<Dataset> data) {
    switch (OutputFile.ending(out)) {
      case "txt" -> writeText(out, kept);
      case "npy" -> writeArray(out, kept);
      default -> {
        return writeData(out, kept, settings, data.orElseThrow());
      }
    }
    return Optional.empty();
  }

  private static void writeText(Path out, long[] kept) {
    StringBuilder text = new StringBuilder();
    for (long index : kept) {
      text.append(index).append('\n');
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.US_ASCII);
    OutputFile.write(out, target -> target.write(ByteBuffer.wrap(bytes)));
  }

  private static void writeArray(Path out, long[] kept) {
    ByteBuffer elements =
        ByteBuffer.allocate(kept.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    elements.asLongBuffer().put(kept);
    OutputFile.write(
        out,
        target -> {
          target.write(ByteBuffer.wrap(NpyHeader.bytes(NpyType.INT64, kept.length)));
          target.write(elements);
        });
  }

  /** The kept training samples; a test part goes along whole. */
  private static Optional<String> writeData(
      Path out, long[] kept, Settings settings, Dataset read) {
    String source = settings.get(Options.DATA);
    Optional<String> unlabelled = Optional.empty();
    Dataset data = read;
    // a filter needs no labels, but those that are there go along; rows of a CSV have theirs
    if (!data.labelled() && data.schema().columns().isEmpty()) {
      try {
        data = FilteredData.labelled(settings, data);
      } catch (GradsieveException.BadData e) {
        unlabelled = Optional.of(e.getMessage());
      }
    }
    int[] samples = positions(data, kept);
    SubsetWriter.write(source, data, samples, out);
    return unlabelled;
  }

  private static int[] positions(Dataset data, long[] kept) {
    int[] samples =
        Arrays.stream(data.train())
            .filter(sample -> Arrays.binarySearch(kept, data.index(sample)) >= 0)
            .toArray();
    if (samples.length != kept.length) {
      throw new GradsieveException.BadData(
          "%s: lacks %d of the %d samples to keep; are the scores of other data?"
              .formatted(data.name(), kept.length - samples.length, kept.length));
    }
    return samples;
  }
}
