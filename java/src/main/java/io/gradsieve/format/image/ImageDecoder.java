package io.gradsieve.format.image;

import io.gradsieve.GradsieveException.BadData;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes PNG and JPEG files to uint8 red, green, blue, [H][W][3], as Pillow's {@code
 * convert("RGB")} does: grey becomes three equal values, colour profiles are not applied, colours
 * deeper than 8 bits keep their upper 8. Unlike there, 16-bit grey is treated like 16-bit colours,
 * what is not opaque is laid on white, and pictures are turned as Exif says, as {@code
 * ImageOps.exif_transpose} does. Only the raw samples come from the JDK; what they mean is decided
 * here. Sizes are checked before anything is decoded. A decoder is used by one thread; close it.
 */
public final class ImageDecoder implements AutoCloseable {
  /** Pixels of an image; 4,096 squared. A larger one would take over 48 MiB. */
  public static final int MAX_PIXELS = 1 << 24;

  /** Bytes of an encoded image. */
  public static final int MAX_FILE_BYTES = 1 << 26;

  /** All bits of a deep image. */
  public static final int DEEP_BITS = 16;

  private static final int PNG_FIRST = 0x89;
  private static final int JPEG_FIRST = 0xff;
  private static final int JPEG_SECOND = 0xd8;

  private final ImageReader png = reader("png");
  private final ImageReader jpeg = reader("jpeg");
  private final int deepBits;
  private String warning = "";

  /** Makes the two readers. */
  public ImageDecoder() {
    this(DEEP_BITS);
  }

  /**
   * As the other, for 16-bit images whose colours are all below 2^{@code deepBits}: the upper 8 of
   * so many are taken.
   */
  public ImageDecoder(int deepBits) {
    this.deepBits = deepBits;
    IIOReadWarningListener listener = (source, text) -> warning = text;
    png.addIIOReadWarningListener(listener);
    jpeg.addIIOReadWarningListener(listener);
  }

  private static ImageReader reader(String format) {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
    if (!readers.hasNext()) {
      throw new BadData(
          "this Java has no " + format + " decoder; use one with the module java.desktop");
    }
    return readers.next();
  }

  /**
   * A decoded image.
   *
   * @param pixels [H][W][3]
   * @param transparent whether a pixel was not opaque
   * @param significantBits of a 16-bit image those that the file says to be in use, 16 if it says
   *     nothing; 0 for other images
   * @param largest the largest stored colour of a 16-bit image; 0 for others
   */
  public record Image(
      int height,
      int width,
      byte[] pixels,
      boolean transparent,
      int significantBits,
      int largest) {}

  /** Which sizes are worth decoding. */
  public interface Sizes {
    /** Of the picture as it is turned. */
    boolean want(int height, int width);
  }

  /**
   * Decodes a file's bytes; empty if its size is not wanted. {@code name} begins messages. Throws
   * {@link BadData} for anything that is no whole image.
   */
  public Optional<Image> decode(String name, byte[] file, Sizes sizes) {
    if (file.length == 0) {
      throw new BadData(name + ": is empty, get it again");
    }
    boolean isPng = (file[0] & 0xff) == PNG_FIRST;
    boolean isJpeg =
        (file[0] & 0xff) == JPEG_FIRST && (file.length == 1 || (file[1] & 0xff) == JPEG_SECOND);
    if (!isPng && !isJpeg) {
      OtherFormat other = OtherFormat.of(file);
      throw new BadData(name + ": is " + other.what() + "; " + other.todo());
    }
    try {
      EncodedImage image = isPng ? new PngFile(name, file) : new JpegFile(name, file);
      checkSize(name, image.frame());
      return sizes.want(image.frame().pictureHeight(), image.frame().pictureWidth())
          ? Optional.of(decode(image, isPng ? png : jpeg))
          : Optional.empty();
    } catch (BadData e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // the JDK's decoders throw many kinds for damaged files, all of them about the file
      throw new BadData(
          name
              + ": is a damaged or unsupported image ("
              + String.valueOf(e.getMessage()).strip().replaceAll("\\s+", " ")
              + "); get it again",
          e);
    } catch (OutOfMemoryError e) {
      throw new BadData(
          name
              + ": takes more memory to decode than Java may use; shrink it or raise the limit with -Xmx");
    }
  }

  private static void checkSize(String name, EncodedImage.Frame frame) {
    int width = frame.width();
    int height = frame.height();
    if (width < 1 || height < 1 || (long) width * height > MAX_PIXELS) {
      throw new BadData(
          name
              + ": declares "
              + width
              + "x"
              + height
              + " pixels, at most "
              + MAX_PIXELS
              + " are read; shrink it");
    }
  }

  private Image decode(EncodedImage image, ImageReader reader) throws IOException {
    warning = "";
    Raster raster;
    try (ImageInputStream in =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(image.samplesOnly()))) {
      reader.setInput(in, true, true);
      raster = image.samples(reader);
    } finally {
      reader.setInput(null);
    }
    if (!warning.isEmpty()) {
      // a picture cut short or overwritten decodes, with a warning
      throw new IOException(warning);
    }
    EncodedImage.Frame frame = image.frame();
    int height = frame.height();
    int width = frame.width();
    EncodedImage.RowColours colours = image.colours(deepBits);
    byte[] stored = new byte[3 * width * height];
    int[] row = new int[width * raster.getNumBands()];
    for (int y = 0; y < height; y++) {
      colours.convert(raster.getPixels(0, y, width, 1, row), width, stored, 3 * width * y);
    }
    byte[] pixels = frame.orientation().turned(stored, height, width);
    return colours.image(frame.pictureHeight(), frame.pictureWidth(), pixels);
  }

  @Override
  public void close() {
    png.dispose();
    jpeg.dispose();
  }
}
