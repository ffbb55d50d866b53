package io.gradsieve.data.reader;

import io.gradsieve.data.SampleStore;
import io.gradsieve.data.reader.ImageListing.Entry;
import io.gradsieve.format.Checksum;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * Decoded images on disk, so that a set is decoded once per machine: a file per listing in the
 * user's cache directory, named by the SHA-256 of its paths, sizes and checksums (or times of
 * change). Written beside and renamed. A file that is missing, damaged or of another version is
 * silently made anew; a directory that cannot be written is silently done without.
 *
 * <pre>
 * 'G' 'S' 'I' 'M' | version 4 | samples 4 | height 4 | width 4 | channels 4 | remarks n 4
 * | remarks, UTF-8 lines, n | pixels … | CRC-32C of all before 8   (big-endian)
 * </pre>
 */
final class ImageCache {
  /** Fewer images decode faster than one notices. */
  static final int LEAST_IMAGES = 2_000;

  /** Decoded bytes; more would surprise someone's disk. */
  private static final long MOST_BYTES = 4L << 30;

  private static final int MAGIC = 'G' << 24 | 'S' << 16 | 'I' << 8 | 'M';

  /** Counts up with every change of what a file is decoded to. */
  private static final int VERSION = 2;

  private static final int HEADER_BYTES = 28;

  /** Of remarks; each is a line that names a few files. */
  private static final int MOST_REMARK_BYTES = 1 << 16;

  private static final int BUFFER_BYTES = 1 << 18;

  private final Path directory;
  private final int leastImages;

  ImageCache(Path directory, int leastImages) {
    this.directory = directory;
    this.leastImages = leastImages;
  }

  /** In {@code $XDG_CACHE_HOME} or {@code ~/.cache}; of a user without a home, nothing is kept. */
  static ImageCache ofUser() {
    return ofUser(System.getenv(), System.getProperty("user.home", "."));
  }

  static ImageCache ofUser(Map<String, String> environment, String home) {
    String base = environment.getOrDefault("XDG_CACHE_HOME", "");
    Path cache = base.startsWith("/") ? Path.of(base) : Path.of(home, ".cache");
    int leastImages = cache.isAbsolute() ? LEAST_IMAGES : Integer.MAX_VALUE;
    return new ImageCache(cache.resolve("gradsieve").resolve("decoded"), leastImages);
  }

  /** Whether so many images are worth a file. */
  boolean keeps(int images) {
    return images >= leastImages;
  }

  /** The images of the entries, from the cache or decoded; in the channels wanted, if any are. */
  DecodedImages get(ImageListing listing, List<Entry> entries, Optional<Integer> channels) {
    DecodedImages images;
    if (!keeps(entries.size())) {
      images = DecodedImages.decode(listing, entries);
    } else {
      Path file = directory.resolve(key(entries) + ".images");
      Optional<DecodedImages> found = load(file, listing.name(), entries.size());
      images = found.orElseGet(() -> DecodedImages.decode(listing, entries));
      if (found.isEmpty()) {
        save(file, images);
      }
    }
    return channels.isPresent() ? images.in(channels.get(), listing.name()) : images;
  }

  private static String key(List<Entry> entries) {
    MessageDigest digest = Checksum.sha256();
    ByteBuffer numbers = ByteBuffer.allocate(20);
    for (Entry entry : entries) {
      byte[] path = entry.path().getBytes(StandardCharsets.UTF_8);
      numbers.clear().putInt(path.length).putLong(entry.bytes()).putLong(entry.stamp());
      digest.update(numbers.array());
      digest.update(path);
    }
    return Checksum.hex(digest);
  }

  private static Optional<DecodedImages> load(Path file, String where, int samples) {
    CRC32C crc = new CRC32C();
    try (DataInputStream in =
        new DataInputStream(
            new CheckedInputStream(
                new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES), crc))) {
      if (in.readInt() != MAGIC || in.readInt() != VERSION || in.readInt() != samples) {
        return Optional.empty();
      }
      int height = in.readInt();
      int width = in.readInt();
      int channels = in.readInt();
      int remarkBytes = in.readInt();
      long sampleBytes = Math.multiplyExact(Math.multiplyExact((long) height, width), channels);
      if (height < 1
          || width < 1
          || sampleBytes < 1
          || remarkBytes < 0
          || remarkBytes > MOST_REMARK_BYTES
          || Files.size(file)
              != HEADER_BYTES
                  + remarkBytes
                  + Math.multiplyExact(sampleBytes, samples)
                  + Long.BYTES) {
        return Optional.empty();
      }
      List<String> remarks =
          new String(in.readNBytes(remarkBytes), StandardCharsets.UTF_8).lines().toList();
      SampleStore store = new SampleStore(where, samples, sampleBytes);
      byte[] image = new byte[store.sampleBytes()];
      for (int i = 0; i < samples; i++) {
        in.readFully(image);
        store.set(i, image);
      }
      long expected = crc.getValue();
      boolean whole = in.readLong() == expected && (channels == 1 || channels == 3);
      return whole
          ? Optional.of(new DecodedImages(store, height, width, channels, remarks))
          : Optional.empty();
    } catch (IOException | ArithmeticException e) {
      return Optional.empty();
    }
  }

  private void save(Path file, DecodedImages images) {
    SampleStore store = images.store();
    if ((long) store.samples() * store.sampleBytes() > MOST_BYTES) {
      return;
    }
    Path beside = null;
    try {
      Files.createDirectories(directory);
      beside = Files.createTempFile(directory, "part-", ".tmp");
      write(beside, images);
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | SecurityException e) {
      discard(beside);
    }
  }

  private static void write(Path file, DecodedImages images) throws IOException {
    SampleStore store = images.store();
    byte[] remarks = String.join("\n", images.remarks()).getBytes(StandardCharsets.UTF_8);
    CRC32C crc = new CRC32C();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        DataOutputStream out =
            new DataOutputStream(
                new java.io.BufferedOutputStream(
                    new CheckedOutputStream(Channels.newOutputStream(channel), crc),
                    BUFFER_BYTES))) {
      for (int value :
          new int[] {
            MAGIC,
            VERSION,
            store.samples(),
            images.height(),
            images.width(),
            images.channels(),
            remarks.length
          }) {
        out.writeInt(value);
      }
      out.write(remarks);
      byte[] image = new byte[store.sampleBytes()];
      for (int i = 0; i < store.samples(); i++) {
        store.get(i, image);
        out.write(image);
      }
      out.flush();
      out.writeLong(crc.getValue());
      out.flush();
      channel.force(true);
    }
  }

  private static void discard(@org.jspecify.annotations.Nullable Path beside) {
    try {
      if (beside != null) {
        Files.deleteIfExists(beside);
      }
    } catch (IOException ignored) {
      // a cache that cannot be written is done without
    }
  }
}
