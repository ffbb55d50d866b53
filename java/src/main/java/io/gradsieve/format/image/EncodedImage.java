package io.gradsieve.format.image;

import java.awt.image.Raster;
import java.io.IOException;
import javax.imageio.ImageReader;

/**
 * An image file whose markers are understood, split in two: the part from which a reader of the JDK
 * makes samples, and what these samples mean, which is decided here, the same on every Java.
 */
sealed interface EncodedImage permits JpegFile, PngFile {
  /** Its size and how it is turned. */
  Frame frame();

  /**
   * A file with the same samples and nothing that would let a reader guess at colours: no profile,
   * thumbnail, text or transparency.
   */
  byte[] samplesOnly();

  /** The samples of that file, as stored. */
  Raster samples(ImageReader reader) throws IOException;

  /** What turns the samples to colours; {@code deepBits} as of {@link ImageDecoder}. */
  RowColours colours(int deepBits);

  /** {@code product} of two bytes over 255, rounded. */
  static int over255(int product) {
    int half = product + 128;
    return (half >> 8) + half >> 8;
  }

  /** Rows and columns as stored, and how they are to be turned. */
  record Frame(int height, int width, Orientation orientation) {
    /** Rows of the picture as it is turned. */
    int pictureHeight() {
      return orientation.swapped() ? width : height;
    }

    /** Columns of the picture as it is turned. */
    int pictureWidth() {
      return orientation.swapped() ? height : width;
    }
  }

  /** Turns rows of samples to red, green, blue. */
  interface RowColours {
    /** {@code samples}, [W][bands], become {@code target}, [W][3] from {@code at} on. */
    void convert(int[] samples, int width, byte[] target, int at);

    /** The whole image, [H][W][3], with what its rows showed. */
    ImageDecoder.Image image(int height, int width, byte[] pixels);
  }
}
