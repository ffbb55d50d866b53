package io.gradsieve.bench.dist;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Samples a second of {@code launch --workers 2} beside one process with two threads, in
 * alternating pairs of whole trainings: {@code java -cp bench/target/benchmarks.jar
 * io.gradsieve.bench.dist.WorkersBesideThreads engine.jar [PAIRS] [options of train]}.
 */
public final class WorkersBesideThreads {
  private static final int WORKERS = 2;
  private static final List<String> STANDARD =
      List.of(
          "--data",
          "fashion-mnist",
          "--model",
          "cnn",
          "--batch-size",
          "512",
          "--epochs",
          "3",
          "--sieve",
          "none",
          "--eval-every",
          "3",
          "--checkpoint-every",
          "3");
  private static final long LONGEST_MINUTES = 10;

  private WorkersBesideThreads() {}

  /** Prints each pair's figures, and the median of the ratios. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    String jar = arguments[0];
    int pairs = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 7;
    List<String> options =
        arguments.length > 2 ? Arrays.asList(arguments).subList(2, arguments.length) : STANDARD;
    double[] ratios = new double[pairs];
    for (int pair = 0; pair < pairs; pair++) {
      List<String> train = new ArrayList<>(List.of("train"));
      train.addAll(options);
      List<String> launch =
          new ArrayList<>(List.of("launch", "--workers", Integer.toString(WORKERS), "--"));
      launch.addAll(train);
      train.addAll(List.of("--threads", Integer.toString(WORKERS)));
      boolean workersFirst = pair % 2 == 1;
      double first = speed(jar, workersFirst ? launch : train);
      double second = speed(jar, workersFirst ? train : launch);
      double workers = workersFirst ? first : second;
      double threads = workersFirst ? second : first;
      ratios[pair] = workers / threads;
      System.out.printf(
          Locale.ROOT,
          "pair %d: workers %.0f/s, threads %.0f/s, ratio %.3f%n",
          pair + 1,
          workers,
          threads,
          ratios[pair]);
    }
    System.out.printf(Locale.ROOT, "median ratio %.3f%n", Median.of(ratios));
  }

  /** Of the fastest epoch but the first. */
  private static double speed(String jar, List<String> command)
      throws IOException, InterruptedException {
    Path out = Files.createTempDirectory("workers-");
    List<String> line = new ArrayList<>(List.of("java", "-jar", jar));
    line.addAll(command);
    line.addAll(List.of("--out", out.resolve("run").toString(), "--quiet"));
    Process process =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(out.resolve("output").toFile())
            .start();
    if (!process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(Files.readString(out.resolve("output")));
    }
    double best = 0;
    List<String> epochs = Files.readAllLines(out.resolve("run").resolve("metrics.jsonl"));
    for (String epoch : epochs.subList(1, epochs.size())) {
      JsonNode metrics = new ObjectMapper().readTree(epoch);
      best = Math.max(best, metrics.get("samples_per_second").asDouble());
    }
    return best;
  }
}
