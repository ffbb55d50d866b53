package io.gradsieve.format.image;

import io.gradsieve.GradsieveException.BadData;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes PNG and JPEG files to uint8 red, green, blue, [H][W][3]; grey becomes three equal values,
 * an alpha channel is dropped, 16 bits are cut to their upper 8, colour profiles are not applied
 * (as Pillow's {@code convert("RGB")} does). Sizes are checked before anything is decoded. A
 * decoder is used by one thread; close it.
 */
public final class ImageDecoder implements AutoCloseable {
  /** Pixels of an image; 4,096 squared. A larger one would take over 48 MiB. */
  public static final int MAX_PIXELS = 1 << 24;

  /** Bytes of an encoded image. */
  public static final int MAX_FILE_BYTES = 1 << 26;

  private static final int PNG_FIRST = 0x89;
  private static final int JPEG_FIRST = 0xff;

  private final ImageReader png = reader("png");
  private final ImageReader jpeg = reader("jpeg");
  private String warning = "";

  /** Makes the two readers. */
  public ImageDecoder() {
    IIOReadWarningListener listener = (source, text) -> warn(text);
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
   * A picture cut short or overwritten decodes, with a warning; profiles and thumbnails do not
   * touch its pixels.
   */
  private void warn(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (!lower.contains("icc") && !lower.contains("profile") && !lower.contains("thumbnail")) {
      warning = text;
    }
  }

  /**
   * A decoded image.
   *
   * @param pixels [H][W][3]
   */
  public record Image(int height, int width, byte[] pixels) {}

  /** Where the decoder asks whether a size will do before it decodes. */
  public interface SizeCheck {
    /** Throws {@link BadData} if it will not. */
    void check(int height, int width);
  }

  /**
   * Decodes a file's bytes; {@code name} begins messages. Throws {@link BadData} for anything that
   * is no whole image.
   */
  public Image decode(String name, byte[] file, SizeCheck sizes) {
    int first = file.length == 0 ? -1 : file[0] & 0xff;
    if (first != PNG_FIRST && first != JPEG_FIRST) {
      throw new BadData(
          name
              + (file.length == 0
                  ? ": is empty, get it again"
                  : ": is neither PNG nor JPEG; convert it"));
    }
    ImageReader reader = first == PNG_FIRST ? png : jpeg;
    warning = "";
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      // without metadata, so that compressed text and profiles are never unpacked
      reader.setInput(in, true, true);
      int width = reader.getWidth(0);
      int height = reader.getHeight(0);
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
      sizes.check(height, width);
      if (reader == png) {
        PngChunks.check(file);
      }
      BufferedImage image = reader.read(0);
      if (!warning.isEmpty()) {
        throw damaged(name, warning, null);
      }
      return new Image(height, width, colours(image));
    } catch (BadData e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // the JDK's decoders throw many kinds for damaged files, all of them about the file
      throw damaged(name, String.valueOf(e.getMessage()), e);
    } catch (OutOfMemoryError e) {
      throw new BadData(
          name
              + ": takes more memory to decode than Java may use; shrink it or raise the limit with -Xmx");
    } finally {
      reader.setInput(null);
    }
  }

  private static BadData damaged(
      String name, String reason, @org.jspecify.annotations.Nullable Exception cause) {
    String text =
        name
            + ": is a damaged or unsupported image ("
            + reason.strip().replaceAll("\\s+", " ")
            + "); get it again";
    return cause == null ? new BadData(text) : new BadData(text, cause);
  }

  private static byte[] colours(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    byte[] pixels = new byte[3 * width * height];
    ColorModel colours = image.getColorModel();
    Raster raster = image.getRaster();
    int bits = raster.getSampleModel().getSampleSize(0);
    if (colours instanceof IndexColorModel palette) {
      int[] samples = raster.getSamples(0, 0, width, height, 0, (int[]) null);
      for (int i = 0; i < samples.length; i++) {
        int rgb = palette.getRGB(samples[i]);
        pixels[3 * i] = (byte) (rgb >> 16);
        pixels[3 * i + 1] = (byte) (rgb >> 8);
        pixels[3 * i + 2] = (byte) rgb;
      }
      return pixels;
    }
    if (bits != 8 && bits != 16) {
      throw new IllegalArgumentException(bits + " bits a value");
    }
    int bands = raster.getNumBands();
    int[] samples = new int[width * height];
    for (int c = 0; c < 3; c++) {
      raster.getSamples(0, 0, width, height, bands >= 3 ? c : 0, samples);
      for (int i = 0; i < samples.length; i++) {
        pixels[3 * i + c] = (byte) (samples[i] >> bits - 8);
      }
    }
    return pixels;
  }

  @Override
  public void close() {
    png.dispose();
    jpeg.dispose();
  }
}
