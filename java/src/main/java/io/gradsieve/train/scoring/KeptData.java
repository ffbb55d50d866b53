package io.gradsieve.train.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SampleShape;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.train.DataOptions;
import io.gradsieve.train.option.Options;
import io.gradsieve.train.option.Settings;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** What {@code prune} writes: indices as text or numpy array, or the kept part of the data. */
final class KeptData {
  private KeptData() {}

  /** {@code kept}: positions in the original file, ascending. */
  static void write(Path out, long[] kept, Settings settings) {
    switch (OutputFile.ending(out)) {
      case "txt" -> writeText(out, kept);
      case "npy" -> OutputFile.write(out, target -> NpyArray.of(kept).write(target));
      case "csv" -> writeRows(out, kept, Path.of(settings.get(Options.DATA)));
      default -> writeArrays(out, kept, settings);
    }
  }

  private static void writeText(Path out, long[] kept) {
    StringBuilder text = new StringBuilder();
    for (long index : kept) {
      text.append(index).append('\n');
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.US_ASCII);
    OutputFile.write(out, target -> target.write(ByteBuffer.wrap(bytes)));
  }

  /** The kept rows of a CSV file, cells as they are. */
  private static void writeRows(Path out, long[] kept, Path data) {
    String name = data.toString();
    if (!name.endsWith(".csv") && !name.endsWith(".csv.gz")) {
      throw new GradsieveException.Usage(
          "--out %s: --data %s is no CSV file; use .npz, or .txt for indices".formatted(out, name));
    }
    refuseSame(out, data);
    try (CsvTable table = CsvTable.open(data)) {
      int columns = table.header().size();
      OutputFile.writeCsv(
          out,
          csv -> {
            csv.writeRecord(table.header());
            int written = 0;
            while (table.next()) {
              if (Arrays.binarySearch(kept, table.row()) >= 0) {
                csv.writeRecord(IntStream.range(0, columns).mapToObj(table::cell).toList());
                written++;
              }
            }
            checkAllThere(written, kept, name);
          });
    }
  }

  /** The kept training samples and the whole test part as numpy arrays. */
  private static void writeArrays(Path out, long[] kept, Settings settings) {
    Dataset data =
        DataSource.open(
            DataOptions.request(settings, DataRequest.Purpose.EVALUATE, Optional.empty()));
    refuseSame(out, Path.of(settings.get(Options.DATA)));
    int[] train =
        Arrays.stream(data.train())
            .filter(sample -> Arrays.binarySearch(kept, data.index(sample)) >= 0)
            .toArray();
    checkAllThere(train.length, kept, data.name());
    Map<String, NpyArray> arrays = new LinkedHashMap<>();
    arrays.put("x", inputs(data, train));
    arrays.put("y", labels(data, train));
    if (data.test().length > 0) {
      arrays.put("x_test", inputs(data, data.test()));
      arrays.put("y_test", labels(data, data.test()));
    }
    OutputFile.write(out, target -> NpyArray.writeArchive(arrays, target));
  }

  private static NpyArray inputs(Dataset data, int[] samples) {
    SampleShape shape = data.shape();
    boolean vector = shape.height() == 1 && shape.width() == 1;
    List<Integer> sizes =
        vector
            ? List.of(samples.length, shape.channels())
            : List.of(samples.length, shape.channels(), shape.height(), shape.width());
    return new NpyArray(
        data.bytes() ? "|u1" : "<f4",
        sizes,
        i -> {
          ByteBuffer sample =
              ByteBuffer.allocate(data.sampleBytes()).order(ByteOrder.LITTLE_ENDIAN);
          data.copy(samples[i], sample, 0);
          return channelsFirst(sample, shape, data.bytes() ? 1 : Float.BYTES);
        });
  }

  /** From [H][W][C] to [C][H][W]. */
  private static ByteBuffer channelsFirst(ByteBuffer sample, SampleShape shape, int bytes) {
    int channels = shape.channels();
    int positions = shape.height() * shape.width();
    ByteBuffer turned = ByteBuffer.allocate(sample.capacity());
    for (int c = 0; c < channels; c++) {
      for (int t = 0; t < positions; t++) {
        turned.put(sample.array(), (t * channels + c) * bytes, bytes);
      }
    }
    return turned.flip();
  }

  private static NpyArray labels(Dataset data, int[] samples) {
    return NpyArray.of(Arrays.stream(samples).mapToLong(data::label).toArray());
  }

  private static void checkAllThere(int found, long[] kept, String data) {
    if (found != kept.length) {
      throw new GradsieveException.BadData(
          "%s: lacks %d of the %d samples to keep; are the scores of other data?"
              .formatted(data, kept.length - found, kept.length));
    }
  }

  private static void refuseSame(Path out, Path data) {
    if (out.toAbsolutePath().normalize().equals(data.toAbsolutePath().normalize())) {
      throw new GradsieveException.Usage(
          "--out " + out + ": is the data itself; name another file");
    }
  }
}
