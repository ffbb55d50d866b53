package io.gradsieve.bench.gpu;

import io.gradsieve.GradsieveException;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SampleShape;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;

/**
 * {@code Subset DATA TRAIN TEST DIR}: the first TRAIN and TEST samples of both parts of any images
 * that {@code --data} takes, as many of each class, as files that it takes again: IDX files of grey
 * images, CIFAR-10's binary files of coloured ones.
 */
public final class Subset {
  private static final int IDX_LABELS = 0x801;
  private static final int IDX_IMAGES = 0x803;

  private final Dataset data;
  private final SampleShape shape;
  private final Path directory;

  private Subset(Dataset data, Path directory) {
    this.data = data;
    this.directory = directory;
    shape = data.shape();
  }

  /** Positions of a part's first samples in their order, every class's share of {@code count}. */
  private int[] first(int[] part, int count) {
    int classes = data.classes().size();
    int[] quota = new int[classes];
    for (int i = 0; i < count; i++) {
      quota[i % classes]++;
    }
    int[] chosen = new int[count];
    int found = 0;
    for (int sample : part) {
      if (quota[data.label(sample)] > 0) {
        quota[data.label(sample)]--;
        chosen[found++] = sample;
      }
    }
    if (found < count) {
      throw new GradsieveException.BadData(
          data.name() + ": has fewer than " + count + " samples in equal shares of the classes");
    }
    return chosen;
  }

  private void write(String idx, String cifar, int[] samples) throws IOException {
    if (shape.channels() == 1) {
      writeIdx(idx, samples);
    } else {
      writeCifar(cifar, samples);
    }
  }

  private void writeIdx(String part, int[] samples) throws IOException {
    try (DataOutputStream images = gzip(part + "-images-idx3-ubyte.gz");
        DataOutputStream labels = gzip(part + "-labels-idx1-ubyte.gz")) {
      labels.writeInt(IDX_LABELS);
      labels.writeInt(samples.length);
      images.writeInt(IDX_IMAGES);
      images.writeInt(samples.length);
      images.writeInt(shape.height());
      images.writeInt(shape.width());
      for (int sample : samples) {
        labels.writeByte(data.label(sample));
        images.write(bytes(sample));
      }
    }
  }

  /** A label, then the red, the green and the blue plane. */
  private void writeCifar(String file, int[] samples) throws IOException {
    int channels = shape.channels();
    try (OutputStream out =
        new BufferedOutputStream(Files.newOutputStream(directory.resolve(file)))) {
      for (int sample : samples) {
        byte[] pixels = bytes(sample);
        out.write(data.label(sample));
        for (int c = 0; c < channels; c++) {
          for (int i = c; i < pixels.length; i += channels) {
            out.write(pixels[i]);
          }
        }
      }
    }
  }

  private DataOutputStream gzip(String file) throws IOException {
    return new DataOutputStream(
        new BufferedOutputStream(
            new GZIPOutputStream(Files.newOutputStream(directory.resolve(file)))));
  }

  /** [H][W][C]. */
  private byte[] bytes(int sample) {
    byte[] pixels = new byte[data.sampleBytes()];
    data.copy(sample, ByteBuffer.wrap(pixels), 0);
    return pixels;
  }

  public static void main(String[] arguments) throws IOException {
    try {
      Dataset data = DataSource.open(DataRequest.train(arguments[0]));
      Path directory = Files.createDirectories(Path.of(arguments[3]));
      Subset subset = new Subset(data, directory);
      if (!data.bytes()) {
        throw new GradsieveException.BadData(arguments[0] + ": holds no images");
      }
      int train = Integer.parseInt(arguments[1]);
      int test = Integer.parseInt(arguments[2]);
      subset.write("train", "data_batch_1.bin", subset.first(data.train(), train));
      subset.write("t10k", "test_batch.bin", subset.first(data.test(), test));
    } catch (GradsieveException e) {
      System.err.println("error: " + e.getMessage());
      System.exit(1);
    }
  }
}
