package io.gradsieve.data.reader;

import io.gradsieve.format.image.ImageDecoder;
import java.util.ArrayList;
import java.util.List;

/**
 * What the user must know of a set's images: which had transparency, and which of 16 bits lie in a
 * low range. Thread-safe.
 */
final class ImageTraits {
  private static final int NAMED = 3;

  /** Deep colours of which none reaches this come out at most a quarter as bright as they can. */
  private static final int LOW = 1 << ImageDecoder.DEEP_BITS - 2;

  private final int deepBits;
  private final Examples transparent = new Examples(NAMED);
  private final Examples deep = new Examples(NAMED);
  private final Examples low = new Examples(NAMED);
  private int significantBits;
  private int largest;

  /** Of images that a decoder with so many {@code deepBits} made. */
  ImageTraits(int deepBits) {
    this.deepBits = deepBits;
  }

  synchronized void add(String path, ImageDecoder.Image image) {
    if (image.transparent()) {
      transparent.add(path);
    }
    if (image.significantBits() == 0) {
      return;
    }
    deep.add(path);
    significantBits = Math.max(significantBits, image.significantBits());
    largest = Math.max(largest, image.largest());
    if (image.largest() > 0 && image.largest() < LOW) {
      low.add(path);
    }
  }

  /** Bits in which the colours of all 16-bit images lie, if all files say so; else 16. */
  synchronized int usedBits() {
    boolean stated = significantBits > 0 && largest >> significantBits == 0;
    return stated ? significantBits : ImageDecoder.DEEP_BITS;
  }

  synchronized List<String> remarks() {
    List<String> lines = new ArrayList<>();
    if (transparent.count() > 0) {
      lines.add(
          transparent.counted("image has", "images have")
              + " transparency, laid on white: "
              + transparent.named());
    }
    if (deep.count() > 0 && deepBits < ImageDecoder.DEEP_BITS) {
      lines.add(
          deep.counted("16-bit image is", "16-bit images are")
              + " read as of "
              + deepBits
              + " bits, which their sBIT chunks say and no value exceeds: "
              + deep.named());
    } else if (low.count() > 0) {
      lines.add(
          "warning: "
              + low.counted("16-bit image has", "16-bit images have")
              + " no value above "
              + (LOW - 1)
              + " of 65535, so dark or black in 8 bits: "
              + low.named()
              + "; scale them to the full range, or state their bits in a chunk sBIT");
    }
    return lines;
  }
}
