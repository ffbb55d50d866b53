package io.gradsieve.bench.dist;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * All-reduces of several programs in turns: {@code Beside BYTES ROUNDS NAME=COMMAND…}. A program
 * answers a line with the seconds of one all-reduce, and sleeps otherwise. Prints a table: medians
 * in GB/s, the best, which other programs disturbed least, and the median over rounds of how many
 * times as fast the first one is. {@code bench/collectives/run} starts it with ours, Open MPI's and
 * gloo's.
 */
public final class Beside {
  private static final int WARM_UP = 5;
  private static final byte[] ORDER = {'\n'};

  private Beside() {}

  /** A program at work. */
  private static final class Side {
    final String name;
    final List<Double> seconds = new ArrayList<>();
    private final Process process;
    private final BufferedReader answers;
    private final OutputStream orders;

    Side(String argument) throws IOException {
      String[] words = argument.split("=", 2);
      name = words[0];
      process =
          new ProcessBuilder(words[1].split(" "))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      answers =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      orders = process.getOutputStream();
    }

    double turn() throws IOException {
      orders.write(ORDER);
      orders.flush();
      String answer = answers.readLine();
      if (answer == null) {
        throw new IOException(name + " has ended");
      }
      return Double.parseDouble(answer);
    }

    void end() throws IOException, InterruptedException {
      orders.close();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroy();
      }
    }

    double[] all() {
      return seconds.stream().mapToDouble(Double::doubleValue).toArray();
    }
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length < 3) {
      System.err.println("usage: Beside BYTES ROUNDS NAME=COMMAND...");
      System.exit(2);
    }
    double bytes = Double.parseDouble(arguments[0]);
    int rounds = Integer.parseInt(arguments[1]);
    List<Side> sides = new ArrayList<>();
    for (String argument : Arrays.asList(arguments).subList(2, arguments.length)) {
      sides.add(new Side(argument));
    }
    for (int round = -WARM_UP; round < rounds; round++) {
      for (Side side : sides) {
        double seconds = side.turn();
        if (round >= 0) {
          side.seconds.add(seconds);
        }
      }
    }
    double[] first = sides.get(0).all();
    System.out.printf(
        "| | GB/s | best GB/s | %s to it |%n| --- | --- | --- | --- |%n", sides.get(0).name);
    for (Side side : sides) {
      double[] ratios = side.all();
      Arrays.setAll(ratios, i -> ratios[i] / first[i]);
      System.out.printf(
          Locale.ROOT,
          "| %s | %.2f | %.2f | %.2f |%n",
          side.name,
          bytes / Median.of(side.all()) / 1e9,
          bytes / Arrays.stream(side.all()).min().orElseThrow() / 1e9,
          Median.of(ratios));
      side.end();
    }
  }
}
