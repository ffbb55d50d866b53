package io.gradsieve.bench.peers;

import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * How a cell is measured: trials of allocators, a start and a window to warm up for each side, then
 * turns, in one order and in the other alternately. What drifts slowly (clock, heat, neighbours)
 * cancels in the ratios.
 *
 * @param seconds least of a window
 * @param steps least of a window
 * @param allocators to try on a side
 */
record Measurement(
    List<String> sides,
    int pairs,
    double seconds,
    int steps,
    Function<String, List<Allocator>> allocators,
    double trialSeconds) {

  Cell cell(String model, int batch, int threads) throws IOException {
    Map<String, Program> programs = new LinkedHashMap<>();
    Map<String, Trials> trials = new LinkedHashMap<>();
    for (String name : sides) {
      Program program = Program.of(name, model, batch, threads);
      programs.put(name, program);
      trials.put(name, Trials.of(name, threads, program, allocators.apply(name), trialSeconds));
    }
    try (Sitting sitting = new Sitting()) {
      for (String name : sides) {
        Allocator allocator = Allocator.of(trials.get(name).fastest());
        Side side = Side.start(name, threads, programs.get(name), allocator);
        sitting.join(name, side);
        side.window(seconds, steps);
      }
      Map<String, List<Double>> rates = turns(sitting);
      Map<String, Cell.Result> results = new LinkedHashMap<>();
      for (String name : sides) {
        Side side = sitting.side(name);
        results.put(
            name,
            new Cell.Result(
                trials.get(name).fastest(),
                trials.get(name).rates(),
                rates.get(name),
                side.firstStepSeconds(),
                side.peakMebibytes(),
                side.loss(),
                sitting.awake(name)));
      }
      return new Cell(
          model,
          batch,
          threads,
          seconds,
          LocalDate.now().toString(),
          Processors.description(),
          sitting.foreign(),
          results);
    }
  }

  /** Samples/s of each window of each side. */
  private Map<String, List<Double>> turns(Sitting sitting) throws IOException {
    Map<String, List<Double>> rates = new LinkedHashMap<>();
    sides.forEach(name -> rates.put(name, new ArrayList<>()));
    List<String> order = new ArrayList<>(sides);
    for (int pair = 0; pair < pairs; pair++) {
      for (String name : order) {
        rates.get(name).add(sitting.window(name, seconds, steps));
      }
      Collections.reverse(order);
    }
    return rates;
  }
}
