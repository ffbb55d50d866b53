package io.gradsieve.bench.peers;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Engine and peers in one sitting: for each model, batch size and number of threads all are
 * started, warmed up, and then take turns in short windows; each pair of neighbouring windows gives
 * a ratio, the sides in one order and in the other by turns. What drifts slowly (clock, heat,
 * neighbours) cancels in it.
 *
 * <pre>
 * --models mlp,cnn,resnet20  --batches 128,512,2048  --threads 2  --pairs 5  --seconds 5  --steps 3
 * --sides engine,pytorch     also torchscript, dl4j, engine-norms-off, pytorch-channels-first;
 *                            ratios are of the first to each other
 * --cells DIR                a JSON file a cell; one that is there already is shown, not measured again
 * </pre>
 */
final class Compare {
  private final Map<String, String> options =
      new LinkedHashMap<>(
          Map.of(
              "models", "mlp,cnn,resnet20",
              "batches", "128,512,2048",
              "threads", Integer.toString(Runtime.getRuntime().availableProcessors()),
              "pairs", "5",
              "seconds", "5",
              "steps", "3",
              "sides", "engine,pytorch",
              "cells", ""));
  private final PrintStream out = System.out;

  private Compare(String[] arguments) {
    for (int i = 0; i < arguments.length; i += 2) {
      String key = arguments[i].replaceFirst("^--", "");
      if (!options.containsKey(key) || i + 1 == arguments.length) {
        throw new IllegalArgumentException(
            arguments[i] + ": options, each with a value, are " + options.keySet());
      }
      options.put(key, arguments[i + 1]);
    }
  }

  private List<String> list(String key) {
    return List.of(options.get(key).split(","));
  }

  private int number(String key) {
    return Integer.parseInt(options.get(key));
  }

  private void run() throws IOException {
    out.println("model, batch, threads; samples/s of a training step (median, its 95 % interval)");
    for (String model : list("models")) {
      for (String batch : list("batches")) {
        for (String threads : list("threads")) {
          cell(model, Integer.parseInt(batch), Integer.parseInt(threads))
              .lines(list("sides"))
              .forEach(out::println);
        }
      }
    }
  }

  private Cell cell(String model, int batch, int threads) throws IOException {
    if (options.get("cells").isEmpty()) {
      return measure(model, batch, threads);
    }
    Path directory = Path.of(options.get("cells"));
    Path file = Cell.file(directory, model, batch, threads);
    if (Files.exists(file)) {
      Cell kept = Cell.read(file);
      if (kept.covers(list("sides"), number("pairs"), seconds())) {
        return kept;
      }
    }
    Cell cell = measure(model, batch, threads);
    cell.write(directory);
    return cell;
  }

  private double seconds() {
    return Double.parseDouble(options.get("seconds"));
  }

  private Cell measure(String model, int batch, int threads) throws IOException {
    List<String> names = list("sides");
    Map<String, Side> sides = new LinkedHashMap<>();
    Map<String, List<Double>> rates = new LinkedHashMap<>();
    Map<String, Cell.Result> results = new LinkedHashMap<>();
    try {
      for (String name : names) {
        Side side = Side.start(name, threads, Program.of(name, model, batch, threads));
        sides.put(name, side);
        rates.put(name, new ArrayList<>());
        side.window(seconds(), number("steps"));
      }
      for (int pair = 0; pair < number("pairs"); pair++) {
        List<String> order = new ArrayList<>(names);
        if (pair % 2 == 1) {
          Collections.reverse(order);
        }
        for (String name : order) {
          rates.get(name).add(sides.get(name).window(seconds(), number("steps")));
        }
      }
      for (String name : names) {
        Side side = sides.get(name);
        results.put(
            name,
            new Cell.Result(
                rates.get(name), side.firstStepSeconds(), side.peakMebibytes(), side.loss()));
      }
    } finally {
      sides.values().forEach(Side::close);
    }
    return new Cell(model, batch, threads, seconds(), LocalDate.now().toString(), results);
  }

  public static void main(String[] arguments) {
    try {
      new Compare(arguments).run();
    } catch (IOException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }
}
