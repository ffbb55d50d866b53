package io.gradsieve.bench.peers;

import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Engine and PyTorch in one sitting: for each model and batch size both are started, warmed up, and
 * then take turns in short windows; each pair of neighbouring windows gives a ratio. What drifts
 * slowly (clock, heat, neighbours) cancels in it.
 *
 * <pre>
 * --models mlp,cnn,resnet20  --batches 128,512,2048  --pairs 7  --seconds 3  --steps 3  --threads 2
 * --sides engine,pytorch     also engine-norms-off, pytorch-channels-first; ratios are of the first to each other
 * </pre>
 */
final class Compare {
  private final Map<String, String> options =
      new LinkedHashMap<>(
          Map.of(
              "models", "mlp,cnn,resnet20",
              "batches", "128,512,2048",
              "pairs", "7",
              "seconds", "3",
              "steps", "3",
              "threads", Integer.toString(Runtime.getRuntime().availableProcessors()),
              "sides", "engine,pytorch"));
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
    out.println("samples/s of a training step (median, least to most); ratio pair by pair");
    for (String model : list("models")) {
      for (String batch : list("batches")) {
        compare(model, batch);
      }
    }
  }

  private void compare(String model, String batch) throws IOException {
    List<String> names = list("sides");
    int pairs = number("pairs");
    Side[] sides = new Side[names.size()];
    double[][] rates = new double[names.size()][pairs];
    double seconds = Double.parseDouble(options.get("seconds"));
    try {
      for (int side = 0; side < sides.length; side++) {
        sides[side] = start(names.get(side), model, batch);
        sides[side].window(seconds, number("steps"));
      }
      for (int pair = 0; pair < pairs; pair++) {
        for (int side = 0; side < sides.length; side++) {
          rates[side][pair] = sides[side].window(seconds, number("steps"));
        }
      }
      for (int side = 0; side < sides.length; side++) {
        print(model, batch, names.get(side), rates[side], "loss " + format(sides[side].loss()));
      }
    } finally {
      for (Side side : sides) {
        if (side != null) {
          side.close();
        }
      }
    }
    for (int side = 1; side < sides.length; side++) {
      double[] ratios = new double[pairs];
      for (int pair = 0; pair < pairs; pair++) {
        ratios[pair] = rates[0][pair] / rates[side][pair];
      }
      print(
          model,
          batch,
          names.get(0) + "/" + names.get(side),
          ratios,
          Arrays.toString(rounded(ratios)));
    }
  }

  private Side start(String name, String model, String batch) throws IOException {
    String threads = options.get("threads");
    return switch (name) {
      case "engine" -> side(name, EngineWindows.class, model, batch, threads);
      case "engine-norms-off" ->
          side(name, EngineWindows.class, model, batch, threads, "norms-off");
      case "pytorch" -> side(name, TorchWindows.class, model, batch);
      case "pytorch-channels-first" ->
          side(name, TorchWindows.class, model, batch, "channels-first");
      default -> throw new IllegalArgumentException("unknown side " + name);
    };
  }

  private Side side(String name, Class<?> program, String... arguments) throws IOException {
    return Side.start(name, number("threads"), program, List.of(arguments));
  }

  private void print(String model, String batch, String what, double[] values, String note) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    double median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    out.printf(
        Locale.ROOT,
        "%-8s %5s  %-32s %10s  (%s to %s)  %s%n",
        model,
        batch,
        what,
        format(median),
        format(sorted[0]),
        format(sorted[n - 1]),
        note);
  }

  private static String format(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.3f" : "%,.0f", value);
  }

  private static double[] rounded(double[] values) {
    return Arrays.stream(values).map(v -> Math.rint(v * 100) / 100).toArray();
  }

  public static void main(String[] arguments) throws IOException {
    new Compare(arguments).run();
  }
}
