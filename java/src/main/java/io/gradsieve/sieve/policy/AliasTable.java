package io.gradsieve.sieve.policy;

/**
 * Draws i with probability p_i in constant time (Walker 1977; built as by Vose 1991): every column
 * of width 1/n holds i up to a limit and one other above it.
 */
final class AliasTable {
  /** Bits of a draw below its column's number: the place in the column. */
  private static final double PLACES = 0x1p-32;

  private final double[] limit;
  private final int[] other;

  /** {@code p} ≥ 0, summing to 1; no copy is kept. */
  AliasTable(double[] p) {
    int n = p.length;
    limit = new double[n];
    other = new int[n];
    int[] columns = new int[n];
    int small = 0;
    int large = n;
    for (int i = 0; i < n; i++) {
      limit[i] = p[i] * n;
      other[i] = i;
      columns[limit[i] < 1 ? small++ : --large] = i;
    }
    // Small ones lie in columns[0..small), large ones in columns[large..n).
    while (small > 0 && large < n) {
      int low = columns[--small];
      int high = columns[large];
      other[low] = high;
      limit[high] -= 1 - limit[low];
      if (limit[high] < 1) {
        large++;
        columns[small++] = high;
      }
    }
    // What rounding left over fills its column.
    while (small > 0) {
      limit[columns[--small]] = 1;
    }
  }

  /** The index that 64 uniform bits fall on. */
  int draw(long bits) {
    int column = (int) ((bits >>> 32) * limit.length >>> 32);
    return (bits & 0xffffffffL) * PLACES < limit[column] ? column : other[column];
  }
}
