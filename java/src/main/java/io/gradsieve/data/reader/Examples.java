package io.gradsieve.data.reader;

import io.gradsieve.format.ByteSource;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * Counts things that a message is about and keeps the first of their names, so that a million cost
 * no more than a few. Thread-safe.
 */
final class Examples {
  private final int most;
  private final TreeSet<String> first = new TreeSet<>();
  private int count;

  /** {@code most} of the names in their order, quoted, and how many there are besides. */
  static String quoted(Collection<String> names, int most) {
    List<String> some =
        names.stream().limit(most).map(name -> "'" + ByteSource.oneLine(name) + "'").toList();
    int left = names.size() - some.size();
    return String.join(", ", some) + (left > 0 ? " and " + left + " more" : "");
  }

  /** Names {@code most} of them. */
  Examples(int most) {
    this.most = most;
  }

  synchronized void add(String name) {
    count++;
    first.add(ByteSource.oneLine(name));
    if (first.size() > most) {
      first.pollLast();
    }
  }

  synchronized int count() {
    return count;
  }

  /** The number of them with its noun: "1 image", "12 images". */
  synchronized String counted(String one, String many) {
    return count + " " + (count == 1 ? one : many);
  }

  /** The first names and how many there are besides. */
  synchronized String named() {
    String names = String.join(", ", first);
    return count > first.size() ? names + " and " + (count - first.size()) + " more" : names;
  }
}
