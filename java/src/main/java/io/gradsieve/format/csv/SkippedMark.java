package io.gradsieve.format.csv;

import java.io.FilterReader;
import java.io.IOException;
import java.io.PushbackReader;
import java.io.Reader;

/** A reader without the byte order mark that Excel puts first. */
final class SkippedMark extends FilterReader {
  private static final int MARK = 0xfeff;
  private boolean started;

  SkippedMark(Reader in) {
    super(new PushbackReader(in, 1));
  }

  private void start() throws IOException {
    started = true;
    int first = in.read();
    if (first >= 0 && first != MARK) {
      ((PushbackReader) in).unread(first);
    }
  }

  @Override
  public int read() throws IOException {
    if (!started) {
      start();
    }
    return in.read();
  }

  @Override
  public int read(char[] target, int offset, int length) throws IOException {
    if (!started) {
      start();
    }
    return in.read(target, offset, length);
  }
}
