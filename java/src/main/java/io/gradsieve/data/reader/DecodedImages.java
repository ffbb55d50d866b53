package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.reader.ImageListing.Entry;
import io.gradsieve.format.image.ImageDecoder;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Images of one size as uint8, [N][H][W][C], C 1 or 3.
 *
 * @param store the pixels
 * @param remarks what decoding guessed or finds doubtful, for {@link
 *     io.gradsieve.data.DatasetBuilder#remark}
 */
record DecodedImages(SampleStore store, int height, int width, int channels, List<String> remarks) {
  private static final int COLOURS = 3;
  private static final int MAX_THREADS = 16;
  private static final int BLOCK = 32;

  /**
   * Decodes all entries on all cores. {@link BadData} names all that cannot be read, whatever the
   * threads do. Where every 16-bit image says that it uses fewer bits and keeps to it, these bits
   * are the colours: one rule for all, which a single dark image can not change.
   */
  static DecodedImages decode(ImageListing listing, List<Entry> entries) {
    Decoding decoding = new Decoding(listing, entries, ImageDecoder.DEEP_BITS);
    DecodedImages images = decoding.run();
    int bits = decoding.seen.usedBits();
    return bits == ImageDecoder.DEEP_BITS ? images : new Decoding(listing, entries, bits).run();
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
    return new DecodedImages(
        withChannels(store, channels, wanted, where), height, width, wanted, remarks);
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

  /** One run of the decoders: threads take blocks of entries until none is left. */
  private static final class Decoding {
    private final ImageListing listing;
    private final List<Entry> entries;
    private final int deepBits;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicBoolean coloured = new AtomicBoolean();
    private final DecodingFaults faults;
    private final ImageTraits seen;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Entry first;
    private final int height;
    private final int width;
    private final SampleStore store;

    Decoding(ImageListing listing, List<Entry> entries, int deepBits) {
      this.listing = listing;
      this.entries = entries;
      this.deepBits = deepBits;
      faults = new DecodingFaults(listing);
      seen = new ImageTraits(deepBits);
      First found = first();
      first = found.entry();
      height = found.image().height();
      width = found.image().width();
      store = new SampleStore(listing.name(), entries.size(), (long) COLOURS * height * width);
    }

    private record First(Entry entry, ImageDecoder.Image image) {}

    /** The first image that can be read sets the size; without one, all are named. */
    private First first() {
      DecodingFaults before = new DecodingFaults(listing);
      try (ImageDecoder decoder = new ImageDecoder(deepBits)) {
        for (Entry entry : entries) {
          try {
            byte[] file = listing.read(entry);
            var image = decoder.decode(listing.nameOf(entry), file, (h, w) -> true);
            return new First(entry, image.orElseThrow());
          } catch (BadData e) {
            before.unreadable(entry, e);
          }
        }
      }
      throw before.told();
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
      Throwable thrown = failure.get();
      if (thrown != null) {
        throw told(thrown);
      }
      if (faults.any()) {
        throw faults.told();
      }
      if (coloured.get()) {
        return new DecodedImages(store, height, width, COLOURS, seen.remarks());
      }
      return new DecodedImages(
          withChannels(store, COLOURS, 1, listing.name()), height, width, 1, seen.remarks());
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
      try (ImageDecoder decoder = new ImageDecoder(deepBits)) {
        for (int first = next.getAndAdd(BLOCK);
            first < entries.size() && failure.get() == null;
            first = next.getAndAdd(BLOCK)) {
          for (int i = first; i < Math.min(first + BLOCK, entries.size()); i++) {
            decode(decoder, entries.get(i), i);
          }
        }
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(null, e);
      }
    }

    private void decode(ImageDecoder decoder, Entry entry, int i) {
      try {
        byte[] file = listing.read(entry);
        decoder
            .decode(listing.nameOf(entry), file, (h, w) -> fits(entry, h, w))
            .ifPresent(image -> take(entry, i, image));
      } catch (BadData e) {
        faults.unreadable(entry, e);
      }
    }

    private boolean fits(Entry entry, int h, int w) {
      if (h != height || w != width) {
        faults.otherSize(entry, w + "x" + h, first, width + "x" + height);
        return false;
      }
      return true;
    }

    private void take(Entry entry, int i, ImageDecoder.Image image) {
      store.set(i, image.pixels());
      seen.add(entry.path(), image);
      if (!coloured.get() && isColoured(image.pixels())) {
        coloured.set(true);
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
