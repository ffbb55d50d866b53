package io.gradsieve.format;

import io.gradsieve.GradsieveException.BadData;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * A file's bytes in order, gunzipped if they are gzip. Every failure is {@link BadData} in one line
 * that begins with the file's name. One owner closes it; not thread-safe.
 */
public final class ByteSource implements AutoCloseable {
  /** Deflate cannot shrink by more than this: a larger declared size is false. */
  private static final long DEFLATE_MOST = 1032;

  /** Characters quoted from a file. */
  private static final int MOST_QUOTED = 160;

  private static final int BUFFER_BYTES = 1 << 16;

  private final String name;
  private final InputStream in;
  private final long mostBytes;
  private long position;

  private ByteSource(String name, InputStream in, long mostBytes) {
    this.name = name;
    this.in = in;
    this.mostBytes = mostBytes;
  }

  /** Opens a file; gzip is known by its first two bytes, not by its name. */
  public static ByteSource open(Path file) {
    try {
      if (Files.isDirectory(file)) {
        throw new BadData(file + ": is a directory, a file is needed");
      }
      return of(file.toString(), Files.newInputStream(file), Files.size(file));
    } catch (IOException e) {
      throw unreadable(file.toString(), e);
    }
  }

  /**
   * Takes over a stream of {@code length} bytes, gunzipped if it is gzip; {@code name} begins every
   * message.
   */
  public static ByteSource of(String name, InputStream stream, long length) {
    try {
      BufferedInputStream in = new BufferedInputStream(stream, BUFFER_BYTES);
      in.mark(2);
      boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
      in.reset();
      if (!gzip) {
        return new ByteSource(name, in, length);
      }
      InputStream plain =
          new BufferedInputStream(
              new BoundedGunzip(new GZIPInputStream(in, BUFFER_BYTES), length), BUFFER_BYTES);
      long most = length > Long.MAX_VALUE / DEFLATE_MOST ? Long.MAX_VALUE : length * DEFLATE_MOST;
      return new ByteSource(name, plain, most);
    } catch (IOException e) {
      closeQuietly(stream);
      throw unreadable(name, e);
    }
  }

  private static void closeQuietly(InputStream stream) {
    try {
      stream.close();
    } catch (IOException ignored) {
      // the first failure is the one worth telling
    }
  }

  /** The name that begins every message. */
  public String name() {
    return name;
  }

  /**
   * An upper bound of the bytes in here, known without reading: a header that declares more is
   * false.
   */
  public long mostBytes() {
    return mostBytes;
  }

  /** Bytes read so far. */
  public long position() {
    return position;
  }

  /** The rest as a stream; closing it closes this. */
  public InputStream stream() {
    return in;
  }

  /** Reads exactly {@code length} bytes; fewer is a truncated file. */
  public void read(byte[] target, int offset, int length) {
    try {
      int done = in.readNBytes(target, offset, length);
      position += done;
      if (done < length) {
        throw new BadData(
            name
                + ": ends after "
                + position
                + " bytes, "
                + (length - done)
                + " more are needed;"
                + " the file is truncated, get it again");
      }
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  /** The next byte, 0..255. */
  public int readByte() {
    try {
      int value = in.read();
      if (value < 0) {
        throw new BadData(
            name
                + (position == 0
                    ? ": is empty"
                    : ": ends after " + position + " bytes; it is truncated")
                + ", get it again");
      }
      position++;
      return value;
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  /** Checks that nothing follows; for gzip this also checks the checksum. */
  public void expectEnd() {
    try {
      if (in.read() >= 0) {
        throw new BadData(
            name
                + ": goes on after the "
                + position
                + " bytes its header declares; it is damaged, get it again");
      }
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  @Override
  public void close() {
    closeQuietly(in);
  }

  /** The one line for a file that cannot be read. */
  public static BadData unreadable(String name, IOException e) {
    String reason;
    if (e instanceof NoSuchFileException) {
      reason = "does not exist; check the path";
    } else if (e instanceof AccessDeniedException) {
      reason = "may not be read; check its permissions";
    } else if (e instanceof EOFException) {
      reason = "is truncated, get it again";
    } else if (e instanceof CharacterCodingException) {
      reason = "is not UTF-8 text; convert it";
    } else if (e instanceof ZipException) {
      reason = "is damaged (" + oneLine(e.getMessage()) + "), get it again";
    } else if (e instanceof FileSystemException f && f.getReason() != null) {
      reason = "cannot be read: " + oneLine(f.getReason());
    } else {
      reason = "cannot be read: " + oneLine(e.getMessage());
    }
    return new BadData(name + ": " + reason, e);
  }

  /** What a file or a library says, as a short part of one line. */
  public static String oneLine(@org.jspecify.annotations.Nullable String text) {
    if (text == null) {
      return "no reason given";
    }
    String line = text.substring(0, Math.min(text.length(), MOST_QUOTED)).strip();
    return line.replaceAll("\\s+", " ") + (text.length() > MOST_QUOTED ? "…" : "");
  }
}
