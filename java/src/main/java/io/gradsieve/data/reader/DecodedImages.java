package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.reader.ImageListing.Entry;
import io.gradsieve.format.image.ImageDecoder;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Images of one size as uint8, [N][H][W][C], C 1 or 3.
 *
 * @param store the pixels
 */
record DecodedImages(SampleStore store, int height, int width, int channels) {
  private static final int COLOURS = 3;
  private static final int MAX_THREADS = 16;
  private static final int BLOCK = 32;

  /**
   * Decodes all entries on all cores; a fault is that of the first bad entry, whatever the threads
   * do.
   */
  static DecodedImages decode(ImageListing listing, List<Entry> entries) {
    return new Decoding(listing, entries).run();
  }

  /** The same images in the channels a model wants: grey thrice, or one of three that agree. */
  DecodedImages in(int wanted, String where) {
    if (wanted == channels || wanted != 1 && wanted != COLOURS) {
      return this;
    }
    if (wanted == 1) {
      throw new BadData(
          where + ": holds colour images, the model was trained on grey ones; convert them");
    }
    return new DecodedImages(withChannels(store, channels, wanted, where), height, width, wanted);
  }

  /** Copies pixels, taking or repeating the first of their channels. */
  private static SampleStore withChannels(
      SampleStore from, int channels, int wanted, String where) {
    int pixels = from.sampleBytes() / channels;
    SampleStore to = new SampleStore(where, from.samples(), (long) pixels * wanted);
    byte[] source = new byte[from.sampleBytes()];
    byte[] target = new byte[to.sampleBytes()];
    for (int i = 0; i < from.samples(); i++) {
      from.get(i, source);
      for (int t = 0; t < pixels; t++) {
        Arrays.fill(target, t * wanted, (t + 1) * wanted, source[t * channels]);
      }
      to.set(i, target);
    }
    return to;
  }

  /**
   * One run of the decoders: threads take blocks of entries until none is left or a smaller one has
   * failed.
   */
  private static final class Decoding {
    private final ImageListing listing;
    private final List<Entry> entries;
    private final int height;
    private final int width;
    private final SampleStore store;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicBoolean coloured = new AtomicBoolean();
    private volatile int failed = Integer.MAX_VALUE;
    private @Nullable Throwable failure;

    Decoding(ImageListing listing, List<Entry> entries) {
      this.listing = listing;
      this.entries = entries;
      try (ImageDecoder decoder = new ImageDecoder()) {
        Entry first = entries.get(0);
        var image = decoder.decode(listing.nameOf(first), listing.read(first), (h, w) -> {});
        height = image.height();
        width = image.width();
      }
      store = new SampleStore(listing.name(), entries.size(), (long) COLOURS * height * width);
    }

    DecodedImages run() {
      int blocks = (entries.size() + BLOCK - 1) / BLOCK;
      Thread[] threads =
          new Thread
              [Math.min(Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors()), blocks)];
      for (int i = 0; i < threads.length; i++) {
        threads[i] = new Thread(this::work, "gradsieve-decode-" + i);
        threads[i].setDaemon(true);
        threads[i].start();
      }
      for (Thread thread : threads) {
        join(thread);
      }
      if (failure != null) {
        throw told(failure);
      }
      if (coloured.get()) {
        return new DecodedImages(store, height, width, COLOURS);
      }
      return new DecodedImages(withChannels(store, COLOURS, 1, listing.name()), height, width, 1);
    }

    private RuntimeException told(Throwable thrown) {
      if (thrown instanceof OutOfMemoryError) {
        return new BadData(
            listing.name()
                + ": its images take more memory to decode than Java may use; raise it with -Xmx");
      }
      if (thrown instanceof Error error) {
        throw error;
      }
      return (RuntimeException) thrown;
    }

    private static void join(Thread thread) {
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    private void work() {
      try (ImageDecoder decoder = new ImageDecoder()) {
        for (int first = next.getAndAdd(BLOCK);
            first < entries.size();
            first = next.getAndAdd(BLOCK)) {
          for (int i = first; i < Math.min(first + BLOCK, entries.size()) && i < failed; i++) {
            decode(decoder, i);
          }
          if (first > failed) {
            return;
          }
        }
      }
    }

    private void decode(ImageDecoder decoder, int i) {
      try {
        Entry entry = entries.get(i);
        String name = listing.nameOf(entry);
        byte[] pixels =
            decoder.decode(name, listing.read(entry), (h, w) -> checkSize(name, h, w)).pixels();
        store.set(i, pixels);
        if (!coloured.get() && isColoured(pixels)) {
          coloured.set(true);
        }
      } catch (RuntimeException | Error e) {
        fail(i, e);
      }
    }

    private synchronized void fail(int i, Throwable thrown) {
      if (i < failed) {
        failed = i;
        failure = thrown;
      }
    }

    private void checkSize(String name, int h, int w) {
      if (h != height || w != width) {
        throw new BadData(
            name
                + ": has "
                + w
                + "x"
                + h
                + " pixels, the first image, "
                + listing.nameOf(entries.get(0))
                + ", has "
                + width
                + "x"
                + height
                + "; resize them to one size");
      }
    }

    private static boolean isColoured(byte[] pixels) {
      for (int i = 0; i < pixels.length; i += COLOURS) {
        if (pixels[i] != pixels[i + 1] || pixels[i] != pixels[i + 2]) {
          return true;
        }
      }
      return false;
    }
  }
}
