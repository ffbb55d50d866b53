package io.gradsieve.dist.launch;

import java.io.PrintStream;

/** Standard error, where several write: whole lines, and perhaps one worker's bar. */
final class Screen {
  /** Begins the bar's line anew and empties it. */
  private static final String CLEAR = "\r\u001b[K";

  private final PrintStream target;
  private boolean drawing;

  Screen(PrintStream target) {
    this.target = target;
  }

  /** A whole line, above the bar. */
  synchronized void line(String text) {
    if (drawing) {
      target.print(CLEAR);
    }
    target.println(text);
  }

  /** Bytes of the one worker that may draw. */
  synchronized void draw(byte[] bytes, int count) {
    target.write(bytes, 0, count);
    target.flush();
    drawing = count > 0 && bytes[count - 1] != '\n';
  }
}
