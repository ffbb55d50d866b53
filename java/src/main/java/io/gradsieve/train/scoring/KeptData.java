package io.gradsieve.train.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.data.DataRequest.Purpose;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SubsetWriter;
import io.gradsieve.format.npy.NpyHeader;
import io.gradsieve.format.npy.NpyType;
import io.gradsieve.train.DataOptions;
import io.gradsieve.train.option.Options;
import io.gradsieve.train.option.Settings;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;

/** What {@code prune} writes: indices as text or numpy array, or the kept part of the data. */
final class KeptData {
  private KeptData() {}

  /**
   * Writes the kept samples.
   *
   * @param kept positions in the original file, ascending
   * @param ranked that a filter chose from; empty: scores did
   * @param notes takes what there is to tell of the data
   * @return why data was written without labels; empty: it has them, or is no data
   */
  static Optional<String> write(
      Path out, long[] kept, Settings settings, Optional<Dataset> ranked, Consumer<String> notes) {
    switch (OutputFile.ending(out)) {
      case "txt" -> writeText(out, kept);
      case "npy" -> writeArray(out, kept);
      default -> {
        return writeData(out, kept, settings, ranked, notes);
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
      Path out, long[] kept, Settings settings, Optional<Dataset> ranked, Consumer<String> notes) {
    String source = settings.get(Options.DATA);
    Optional<String> unlabelled = Optional.empty();
    Dataset data;
    if (ranked.isEmpty()) {
      data = DataOptions.open(settings, Purpose.EVALUATE, Optional.empty(), notes);
    } else {
      data = ranked.get();
      // a filter needs no labels, but those that are there go along; rows of a CSV have theirs
      if (!data.labelled() && data.schema().columns().isEmpty()) {
        try {
          data = FilteredData.labelled(settings, data);
        } catch (GradsieveException.BadData e) {
          unlabelled = Optional.of(e.getMessage());
        }
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
