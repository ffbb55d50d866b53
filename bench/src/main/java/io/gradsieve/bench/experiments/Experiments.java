package io.gradsieve.bench.experiments;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs a grid, two single-threaded trainings at a time, and prints its table. A run whose file is
 * there already is not done again, so a grid of hours can be broken off and gone on with.
 *
 * <pre>
 * bench/experiments/run GRID [--quick] [--only REGEX] [--print]
 *   --quick   a few epochs, one seed: minutes, in files of their own
 *   --only    runs whose name has the pattern
 *   --print   the table of what is there; nothing is run
 * </pre>
 */
final class Experiments {
  private static final int AT_A_TIME = 2;

  /** A policy's name and the budget that its runs are to meet. */
  private static final Pattern BUDGET =
      Pattern.compile(
          "(?:variance|soft|soft-random-score|hard|hide|order|window|batch|importance|coverage|learned|random)-(0\\.\\d\\d)");

  private final Path directory;
  private final PrintStream out = System.out;

  private Experiments(Path directory) {
    this.directory = directory;
  }

  private void run(List<Experiment> experiments, boolean meetBudgets) throws IOException {
    ExecutorService pool = Executors.newFixedThreadPool(AT_A_TIME);
    try {
      List<Future<?>> runs = new ArrayList<>();
      for (Experiment experiment : experiments) {
        runs.add(pool.submit(() -> runOne(experiment, meetBudgets)));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IOException(e.getMessage(), e);
    } finally {
      pool.shutdownNow();
    }
  }

  private Void runOne(Experiment experiment, boolean meetBudgets) throws IOException {
    Path file = file(experiment);
    if (Files.exists(file)) {
      return null;
    }
    Matcher budget = BUDGET.matcher(experiment.group());
    Optional<Experiment> met = Optional.of(experiment);
    if (meetBudgets && budget.matches()) {
      met = Budget.meet(experiment, Double.parseDouble(budget.group(1)));
    }
    if (met.isEmpty()) {
      say("%-44s can't reach its budget%n", experiment.name());
      return null;
    }
    Outcome outcome = met.get().run();
    outcome.write(file);
    say(
        "%-44s share %.3f  accuracy %.4f  %.0f s%n",
        experiment.name(), outcome.share(), outcome.accuracy(), outcome.seconds());
    return null;
  }

  private synchronized void say(String format, Object... values) {
    out.printf(Locale.ROOT, format, values);
  }

  private Path file(Experiment experiment) {
    return directory.resolve(experiment.name() + ".json");
  }

  private List<Outcome> outcomes(List<Experiment> experiments) throws IOException {
    List<Outcome> outcomes = new ArrayList<>();
    for (Experiment experiment : experiments) {
      if (Files.exists(file(experiment))) {
        outcomes.add(Outcome.read(file(experiment)));
      }
    }
    return outcomes;
  }

  private static Optional<String> following(List<String> arguments, String option) {
    int at = arguments.indexOf(option);
    return at < 0 || at + 1 == arguments.size()
        ? Optional.empty()
        : Optional.of(arguments.get(at + 1));
  }

  public static void main(String[] given) throws IOException {
    List<String> arguments = Arrays.asList(given);
    Grid grid =
        Arrays.stream(Grid.values())
            .filter(candidate -> arguments.contains(candidate.key()))
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "which grid? One of "
                            + Arrays.stream(Grid.values()).map(Grid::key).toList()));
    boolean quick = arguments.contains("--quick");
    Pattern only = Pattern.compile(following(arguments, "--only").orElse(""));
    List<Experiment> experiments =
        grid.experiments(quick).stream()
            .filter(experiment -> only.matcher(experiment.name()).find())
            .toList();
    Path directory = Path.of("bench/experiments", quick ? "quick" : "runs", grid.key());
    Experiments all = new Experiments(directory);
    if (!arguments.contains("--print")) {
      all.run(experiments, grid == Grid.POLICIES);
    }
    Table.of(all.outcomes(experiments)).forEach(all.out::println);
  }
}
