package io.gradsieve.data;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Output;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.format.npy.NpyType;
import io.gradsieve.format.npy.NpzWriter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Writes some samples of a data set as data: {@code .csv} rows of a CSV file as they were, {@code
 * .npz} arrays x and y of everything else; its test part goes along whole. The file is written
 * beside its place and renamed: what was there stays until all is written.
 */
public final class SubsetWriter {
  private static final int FLOAT_BYTES = 4;

  private final String source;
  private final Dataset data;
  private final int[] samples;

  private SubsetWriter(String source, Dataset data, int[] samples) {
    this.source = source;
    this.data = data;
    this.samples = samples;
  }

  private interface Body {
    void write(OutputStream out) throws IOException;
  }

  /**
   * Writes {@code samples}, positions in {@code data}, which {@code source} names. Throws {@link
   * Usage} if the format does not suit the data, {@link Output} if the file cannot be written.
   */
  public static void write(String source, Dataset data, int[] samples, Path out) {
    check(data, out);
    SubsetWriter writer = new SubsetWriter(source, data, samples);
    writer.replace(out, table(data) ? writer::writeRows : writer::writeArrays);
  }

  private static boolean table(Dataset data) {
    return !data.schema().columns().isEmpty();
  }

  /** Throws {@link Usage} if the format of that file does not suit the data. */
  public static void check(Dataset data, Path out) {
    String name = out.getFileName().toString().toLowerCase(Locale.ROOT);
    boolean csv = name.endsWith(".csv");
    if (!csv && !name.endsWith(".npz")) {
      throw new Usage("--out " + out + ": the name must end in .csv or .npz");
    }
    if (csv != table(data)) {
      throw new Usage(
          "--out "
              + out
              + ": "
              + (csv
                  ? "samples that are no CSV rows go into a .npz"
                  : "rows of a CSV file go into a .csv")
              + "; or write their indices to a .txt or .npy");
    }
    if (!csv && !vector(data.shape())) {
      axes(data.shape());
    }
  }

  private void replace(Path out, Body body) {
    try {
      new DurableFiles().replaceAlone(out.toAbsolutePath(), target -> write(body, target));
    } catch (Output e) {
      String reason = e.getCause() == null ? e.getMessage() : e.getCause().getMessage();
      throw new Output(out + ": cannot be written (" + reason + "); what was there is intact", e);
    }
  }

  private static void write(Body body, WritableByteChannel target) throws IOException {
    try (OutputStream file = new BufferedOutputStream(Channels.newOutputStream(target))) {
      body.write(file);
    } catch (UncheckedIOException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void writeRows(OutputStream out) throws IOException {
    int[] ascending = samples.clone();
    Arrays.sort(ascending);
    try (CsvTable rows = CsvTable.open(Path.of(source));
        CsvWriter writer = CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(out)) {
      writer.writeRecord(rows.header());
      int next = 0;
      for (int sample : ascending) {
        for (; next <= data.index(sample); next++) {
          if (!rows.next()) {
            throw new BadData(source + ": changed while it was read; try again");
          }
        }
        writer.writeRecord(rows.cells());
      }
    }
  }

  private void writeArrays(OutputStream out) throws IOException {
    try (NpzWriter arrays = new NpzWriter(out)) {
      writeArrays(arrays, "", samples);
      if (data.test().length > 0) {
        writeArrays(arrays, "_test", data.test());
      }
    }
  }

  private void writeArrays(NpzWriter arrays, String suffix, int[] part) throws IOException {
    SampleShape shape = data.shape();
    NpyType type = data.bytes() ? NpyType.UINT8 : NpyType.FLOAT32;
    boolean vector = vector(shape);
    boolean channelsLast = vector || axes(shape).channelsLast();
    arrays.begin(
        "x" + suffix,
        type,
        vector
            ? new long[] {part.length, shape.channels()}
            : channelsLast
                ? new long[] {part.length, shape.height(), shape.width(), shape.channels()}
                : new long[] {part.length, shape.channels(), shape.height(), shape.width()});
    byte[] sample = new byte[data.sampleBytes()];
    byte[] planes = new byte[sample.length];
    for (int i : part) {
      data.copy(i, ByteBuffer.wrap(sample), 0);
      if (!channelsLast) {
        toPlanes(sample, planes, shape, data.bytes() ? 1 : FLOAT_BYTES);
      }
      arrays.write(channelsLast ? sample : planes, 0, sample.length);
    }
    arrays.end();
    if (data.labelled()) {
      arrays.begin("y" + suffix, NpyType.INT64, part.length);
      ByteBuffer label = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (int i : part) {
        arrays.write(label.putLong(0, data.label(i)).array(), 0, Long.BYTES);
      }
      arrays.end();
    }
  }

  private static boolean vector(SampleShape shape) {
    return shape.height() == 1 && shape.width() == 1;
  }

  /** The order of the axes that reading the array finds again. */
  private static ImageAxes axes(SampleShape shape) {
    return ImageAxes.toWrite(shape)
        .orElseThrow(
            () ->
                new Usage(
                    "--out: samples of shape "
                        + shape
                        + " would be read from a .npz with other axes; write their indices to a"
                        + " .txt or .npy"));
  }

  /** [H][W][C] to [C][H][W], elements of {@code bytes} bytes. */
  private static void toPlanes(byte[] from, byte[] to, SampleShape shape, int bytes) {
    int positions = shape.height() * shape.width();
    for (int t = 0; t < positions; t++) {
      for (int c = 0; c < shape.channels(); c++) {
        System.arraycopy(
            from, (t * shape.channels() + c) * bytes, to, (c * positions + t) * bytes, bytes);
      }
    }
  }
}
