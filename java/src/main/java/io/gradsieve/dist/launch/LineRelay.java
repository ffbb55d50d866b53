package io.gradsieve.dist.launch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A worker's standard error on its way to ours. Keeps the last error of it. One thread feeds, any
 * may ask.
 */
final class LineRelay {
  /** Bytes of a line that is shown whole; more goes on in a second one. */
  private static final int LONGEST = 8 << 10;

  private static final String ERROR = "error: ";

  private final Screen screen;
  private final String prefix;
  private final boolean raw;
  private final byte[] line = new byte[LONGEST];
  private int length;
  private volatile Optional<String> error = Optional.empty();
  private volatile Optional<String> last = Optional.empty();

  /**
   * A relay.
   *
   * @param prefix of each line
   * @param raw passes bytes on as they come, so that a bar can be drawn; without the prefix
   */
  LineRelay(Screen screen, String prefix, boolean raw) {
    this.screen = screen;
    this.prefix = prefix;
    this.raw = raw;
  }

  /** Passes on all that comes until its end. */
  void pass(InputStream from) {
    byte[] chunk = new byte[LONGEST];
    try (from) {
      for (int n = from.read(chunk); n >= 0; n = from.read(chunk)) {
        if (raw) {
          screen.draw(chunk, n);
        }
        for (int i = 0; i < n; i++) {
          add(chunk[i]);
        }
      }
    } catch (IOException e) {
      // the process is gone, and its pipe with it
    }
    if (length > 0) {
      flush();
    }
  }

  private void add(byte b) {
    if (b == '\n') {
      flush();
      return;
    }
    line[length++] = b;
    if (length == LONGEST) {
      flush();
    }
  }

  private void flush() {
    String text = new String(line, 0, length, StandardCharsets.UTF_8);
    length = 0;
    if (!raw) {
      screen.line(prefix + text);
    }
    // what a bar drew before is on the same line
    String end = text.substring(text.lastIndexOf('\r') + 1).strip();
    if (!end.isEmpty()) {
      last = Optional.of(end);
      if (end.startsWith(ERROR)) {
        error = Optional.of(end.substring(ERROR.length()));
      }
    }
  }

  /** The last line that began with {@code error:}, without that. */
  Optional<String> error() {
    return error;
  }

  /** The last line. */
  Optional<String> last() {
    return last;
  }
}
