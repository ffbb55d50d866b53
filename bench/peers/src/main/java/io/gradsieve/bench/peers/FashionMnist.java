package io.gradsieve.bench.peers;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/**
 * A part of Fashion-MNIST.
 *
 * @param pixels [N][784], bytes
 * @param labels [N]
 */
public record FashionMnist(byte[] pixels, byte[] labels) {
  public static final int PIXELS = 784;
  public static final int CLASSES = 10;
  public static final double MEAN = 0.2860;
  public static final double DEVIATION = 0.3530;
  private static final int HEADER_OF_IMAGES = 16;
  private static final int HEADER_OF_LABELS = 8;

  /** The training part, N = 60,000. */
  public static FashionMnist read() {
    return read("train");
  }

  /** The test part, N = 10,000. */
  public static FashionMnist readTest() {
    return read("t10k");
  }

  private static FashionMnist read(String part) {
    String given = System.getenv("GRADSIEVE_DATA");
    Path directory = Path.of(given == null ? "/usr/share/datasets" : given, "fashion-mnist");
    try {
      return new FashionMnist(
          body(directory.resolve(part + "-images-idx3-ubyte.gz"), HEADER_OF_IMAGES),
          body(directory.resolve(part + "-labels-idx1-ubyte.gz"), HEADER_OF_LABELS));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] body(Path file, int header) throws IOException {
    try (DataInputStream in =
        new DataInputStream(new GZIPInputStream(Files.newInputStream(file)))) {
      in.skipNBytes(header);
      return in.readAllBytes();
    }
  }

  public int size() {
    return labels.length;
  }

  /** Pixel values standardised, of samples {@code from} to {@code to - 1}. */
  public float[] standardised(int from, int to) {
    float[] values = new float[(to - from) * PIXELS];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (((pixels[from * PIXELS + i] & 255) / 255.0 - MEAN) / DEVIATION);
    }
    return values;
  }
}
