package io.gradsieve.sieve.policy;

/**
 * Draws i with probability p_i in constant time (Walker 1977; built as by Vose 1991): every column
 * of width 1/n holds i up to a limit and one other above it.
 */
final class AliasTable {
  /** Places in a column: the bits of a draw below its column's number. */
  private static final double PLACES = 0x1p32;

  private static final long LOW = 0xffffffffL;

  /** Of each column, the places below its limit (32 bits) and the other: one cache line a draw. */
  private final long[] table;

  /** {@code p} ≥ 0, summing to 1; is written over. */
  AliasTable(double[] p) {
    int n = p.length;
    double[] limit = p;
    int[] other = new int[n];
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
    table = new long[n];
    for (int i = 0; i < n; i++) {
      // A full column's last place may go to the other: that is itself.
      long places = Math.min(LOW, (long) Math.ceil(limit[i] * PLACES));
      table[i] = places << 32 | other[i];
    }
  }

  /** The index that 64 uniform bits fall on. */
  int draw(long bits) {
    int column = (int) ((bits >>> 32) * table.length >>> 32);
    long entry = table[column];
    return (bits & LOW) < entry >>> 32 ? column : (int) entry;
  }
}
