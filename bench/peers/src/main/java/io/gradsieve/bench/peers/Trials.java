package io.gradsieve.bench.peers;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A side alone under each allocator, before the sides take turns: a process each, one window to
 * warm up, then {@value #WINDOWS}. Only the choice comes from here; what the table compares is
 * measured afterwards.
 *
 * @param rates samples/s by allocator; empty where there was no choice
 */
record Trials(Map<String, List<Double>> rates, String fastest) {
  private static final int WINDOWS = 3;

  static Trials of(
      String name, int threads, Program program, List<Allocator> allocators, double seconds)
      throws IOException {
    Map<String, List<Double>> rates = new LinkedHashMap<>();
    String fastest = allocators.get(0).key();
    if (allocators.size() == 1) {
      return new Trials(rates, fastest);
    }
    for (Allocator allocator : allocators) {
      rates.put(allocator.key(), windows(name, threads, program, allocator, seconds));
      if (median(rates, allocator.key()) > median(rates, fastest)) {
        fastest = allocator.key();
      }
    }
    return new Trials(rates, fastest);
  }

  private static List<Double> windows(
      String name, int threads, Program program, Allocator allocator, double seconds)
      throws IOException {
    List<Double> windows = new ArrayList<>();
    try (Side side = Side.start(name, threads, program, allocator)) {
      side.window(seconds, 1);
      for (int i = 0; i < WINDOWS; i++) {
        windows.add(side.window(seconds, 1));
      }
    }
    return windows;
  }

  private static double median(Map<String, List<Double>> rates, String allocator) {
    return Median.of(rates.get(allocator)).value();
  }
}
