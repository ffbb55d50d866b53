package io.gradsieve.format.image;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a file that is no image of ours is, by its first bytes.
 *
 * @param what for messages, after "is"
 * @param todo what its owner can do
 */
record OtherFormat(String what, String todo) {
  private static final String CONVERT = "convert it to PNG or JPEG";
  private static final String AGAIN = "get the image itself";

  /** Bytes that are looked at. */
  private static final int HEAD_BYTES = 64;

  private record Known(int at, String bytes, OtherFormat format) {}

  private static final List<Known> KNOWN = new ArrayList<>();

  static {
    image(0, "GIF8", "a GIF image");
    image(8, "WEBP", "a WebP image");
    image(0, "II*\0", "a TIFF image");
    image(0, "MM\0*", "a TIFF image");
    image(0, "II+\0", "a BigTIFF image");
    image(0, "MM\0+", "a BigTIFF image");
    for (String brand : List.of("avif", "avis")) {
      image(4, "ftyp" + brand, "an AVIF image");
    }
    for (String brand : List.of("hei", "hev", "mif1", "msf1")) {
      image(4, "ftyp" + brand, "a HEIC image");
    }
    other(4, "ftyp", "a video", "give the frames as PNG or JPEG");
    image(0, "\0\0\0\fjP  ", "a JPEG 2000 image");
    image(0, "\u00ff\u004f\u00ff\u0051", "a JPEG 2000 image");
    image(0, "\0\0\0\fJXL ", "a JPEG XL image");
    image(0, "\u00ff\n", "a JPEG XL image");
    image(0, "\0\0\1\0", "an icon");
    image(0, "8BPS", "a Photoshop document");
    image(0, "%PDF", "a PDF document");
    image(0, "\u0093NUMPY", "a numpy array");
    image(0, "\u0089HDF", "an HDF5 file");
    for (int kind = 1; kind <= 7; kind++) {
      image(0, "P" + kind + "\n", "a PNM image");
      image(0, "P" + kind + " ", "a PNM image");
    }
    image(0, "<svg", "an SVG drawing");
    image(0, "<?xml", "an XML document (an SVG drawing?)");
    for (String page : List.of("<!doctype html", "<!DOCTYPE html", "<!DOCTYPE HTML", "<html")) {
      other(0, page, "a web page", AGAIN);
    }
    other(0, "version https://git-lfs", "a Git LFS pointer", "run git lfs pull");
    other(0, "PK\3\4", "a zip archive", "unpack it");
    other(0, "\u001f\u008b", "a gzip file", "unpack it");
    image(0, "BM", "a BMP image");
  }

  private static void image(int at, String bytes, String what) {
    other(at, bytes, what, CONVERT);
  }

  private static void other(int at, String bytes, String what, String todo) {
    KNOWN.add(new Known(at, bytes, new OtherFormat(what, todo)));
  }

  /** Of a file's bytes; a byte-order mark and spaces before text do not count. */
  static OtherFormat of(byte[] file) {
    String head =
        new String(file, 0, Math.min(file.length, HEAD_BYTES), StandardCharsets.ISO_8859_1);
    String text = head.replaceFirst("^\u00ef\u00bb\u00bf", "").stripLeading();
    Optional<Known> known =
        KNOWN.stream()
            .filter(k -> head.startsWith(k.bytes(), k.at()) || text.startsWith(k.bytes(), k.at()))
            .findFirst();
    return known.map(Known::format).orElse(new OtherFormat("neither PNG nor JPEG", CONVERT));
  }
}
