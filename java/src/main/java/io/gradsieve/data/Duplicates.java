package io.gradsieve.data;

import java.util.Arrays;

/**
 * Samples whose content (inputs, not labels) is the same, by a 128-bit hash.
 *
 * @param exact samples of the training part that repeat an earlier one of it
 * @param conflicting samples of the training part whose content also occurs there with another
 *     label
 * @param inTest samples of the training part whose content is in the test part
 */
public record Duplicates(int exact, int conflicting, int inTest) {

  /** Counts; where there is no training part, the test part is looked at instead. */
  static Duplicates count(ContentHash hash, int[] labels, int[] train, int[] test) {
    int[] part = train.length > 0 ? train : test;
    Table table = new Table(hash, part.length);
    int exact = 0;
    for (int sample : part) {
      int first = table.put(sample);
      if (first != sample) {
        exact++;
        if (labels.length > 0 && labels[first] != labels[sample]) {
          table.conflicts(sample);
        }
      }
    }
    int conflicting = 0;
    for (int sample : part) {
      conflicting += table.isConflicting(sample) ? 1 : 0;
    }
    int inTest = 0;
    if (train.length > 0 && test.length > 0) {
      Table tests = new Table(hash, test.length);
      for (int sample : test) {
        tests.put(sample);
      }
      for (int sample : train) {
        inTest += tests.find(sample) >= 0 ? 1 : 0;
      }
    }
    return new Duplicates(exact, conflicting, inTest);
  }

  /** Open addressing over samples, keyed by their hash; keeps the first sample of each content. */
  private static final class Table {
    private final ContentHash hash;
    private final int[] slots;
    private final boolean[] conflict;

    Table(ContentHash hash, int most) {
      this.hash = hash;
      long size = Math.min(1L << 30, Long.highestOneBit(Math.max(8L, 2L * most)) << 1);
      slots = new int[(int) size];
      conflict = new boolean[slots.length];
      Arrays.fill(slots, -1);
    }

    /** The slot of the sample's content, or the free one where it belongs. */
    private int slot(int sample) {
      int i = hash.bits(sample) & (slots.length - 1);
      while (slots[i] >= 0 && !hash.equal(slots[i], sample)) {
        i = (i + 1) & (slots.length - 1);
      }
      return i;
    }

    /** Adds a sample unless its content is there; returns the first sample of that content. */
    int put(int sample) {
      int i = slot(sample);
      if (slots[i] < 0) {
        slots[i] = sample;
      }
      return slots[i];
    }

    int find(int sample) {
      return slots[slot(sample)];
    }

    void conflicts(int sample) {
      conflict[slot(sample)] = true;
    }

    boolean isConflicting(int sample) {
      return conflict[slot(sample)];
    }
  }
}
