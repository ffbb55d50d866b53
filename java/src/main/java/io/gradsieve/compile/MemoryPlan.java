package io.gradsieve.compile;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Offsets for tensors that share one stretch of memory: two of them overlap in memory only if no
 * moment needs both. Places the largest first, each into the smallest gap between those placed
 * already that it lives beside (best fit by decreasing size, as in Pisarchyk and Lee 2020,
 * "Efficient memory management for deep neural net inference").
 *
 * @param offsets where each demand lies, in floats, in the order asked for
 * @param floats the length of the whole
 */
record MemoryPlan(List<Long> offsets, long floats) {
  MemoryPlan {
    offsets = List.copyOf(offsets);
  }

  /** Moments from {@code first} to {@code last}, both included. */
  record Span(int first, int last) {
    Span {
      if (last < first) {
        throw new IllegalArgumentException("a span ends before it begins: " + first + ".." + last);
      }
    }

    boolean meets(Span other) {
      return first <= other.last && other.first <= last;
    }
  }

  /**
   * So many floats, needed in all of these spans; what lies there between two spans may be lost.
   */
  record Demand(long floats, List<Span> spans) {
    Demand {
      spans = List.copyOf(spans);
    }

    /** Whether some moment needs both. */
    boolean meets(Demand other) {
      return spans.stream().anyMatch(span -> other.spans.stream().anyMatch(span::meets));
    }
  }

  private record Placed(long from, long to) {}

  /**
   * Finds a place for each demand; the same demands give the same places.
   *
   * @param alignment floats of which offsets and lengths are multiples
   */
  static MemoryPlan of(List<Demand> demands, int alignment) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < demands.size(); i++) {
      order.add(i);
    }
    order.sort(
        Comparator.comparingLong((Integer i) -> -demands.get(i).floats()).thenComparing(i -> i));
    Long[] offsets = new Long[demands.size()];
    long floats = 0;
    for (int i : order) {
      List<Placed> beside = new ArrayList<>();
      for (int j = 0; j < demands.size(); j++) {
        if (offsets[j] != null && demands.get(i).meets(demands.get(j))) {
          beside.add(
              new Placed(offsets[j], offsets[j] + aligned(demands.get(j).floats(), alignment)));
        }
      }
      long size = aligned(demands.get(i).floats(), alignment);
      offsets[i] = smallestGap(beside, size);
      floats = Math.max(floats, offsets[i] + size);
    }
    return new MemoryPlan(List.of(offsets), floats);
  }

  private static long aligned(long floats, int alignment) {
    return (floats + alignment - 1) / alignment * alignment;
  }

  private static long smallestGap(List<Placed> beside, long size) {
    beside.sort(Comparator.comparingLong(Placed::from));
    long best = -1;
    long bestGap = Long.MAX_VALUE;
    long free = 0;
    for (Placed placed : beside) {
      long gap = placed.from() - free;
      if (gap >= size && gap < bestGap) {
        best = free;
        bestGap = gap;
      }
      free = Math.max(free, placed.to());
    }
    return best >= 0 ? best : free;
  }
}
