package io.gradsieve.bench.experiments;

import io.gradsieve.GradsieveException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * Runs a grid, two single-threaded trainings at a time, and prints its table. A run whose file is
 * there already is not done again, so a grid of hours can be broken off and gone on with; one whose
 * policy can't reach its budget leaves a file that says so.
 */
@Command(
    name = "bench/experiments/run",
    description = "Runs a grid of trainings; prints its table and draws docs/results/GRID.png.",
    mixinStandardHelpOptions = true)
final class Experiments implements Callable<Integer> {
  private static final int AT_A_TIME = 2;
  private static final Path RESULTS = Path.of("docs/results");

  @Spec private CommandSpec command;

  @Parameters(
      paramLabel = "GRID",
      arity = "0..1",
      description = "one of ${COMPLETION-CANDIDATES}; needed, but for costs")
  private @Nullable Grid grid;

  @Option(names = "--quick", description = "a few epochs, one seed: minutes, in files of their own")
  private boolean quick;

  @Option(names = "--only", paramLabel = "REGEX", description = "runs whose name has the pattern")
  private Pattern only = Pattern.compile("");

  @Option(names = "--print", description = "the table of what is there; nothing is run")
  private boolean print;

  @Option(
      names = "--against",
      paramLabel = "GROUP",
      description = "what times and differences refer to; the grid's first by default")
  private Optional<String> against = Optional.empty();

  @Option(
      names = "--cifar",
      paramLabel = "PATH",
      description = "where CIFAR-10 is, if not where --data cifar10 looks")
  private String cifar = "cifar10";

  private final PrintStream out = System.out;

  @Override
  public Integer call() throws IOException {
    if (grid == null) {
      throw wrong("which GRID? One of %s".formatted(String.join(", ", Grid.keys())));
    }
    Path runs = Path.of("bench/experiments", quick ? "quick" : "runs", grid.key());
    List<Experiment> experiments =
        grid.experiments(quick).stream()
            .filter(experiment -> only.matcher(experiment.name()).find())
            .toList();
    if (experiments.isEmpty()) {
      throw wrong("--only %s: no run of %s has that in its name".formatted(only, grid.key()));
    }
    checkGroup(experiments.stream().map(Experiment::group).toList());
    if (!print) {
      // those whose files others read come first
      run(runs, experiments.stream().filter(Experiment::keepsFiles).toList());
      run(runs, experiments);
    }
    List<Outcome> outcomes = outcomes(runs, experiments);
    if (outcomes.isEmpty()) {
      out.println("nothing there yet");
      return 0;
    }
    checkGroup(outcomes.stream().map(Outcome::group).toList());
    if (grid == Grid.PRUNE) {
      PrunedHalves.table(outcomes).forEach(out::println);
      return 0;
    }
    Table table = new Table(outcomes, against, Costs.read());
    table.lines().forEach(out::println);
    List<String> unmet = unmet(runs, experiments);
    if (!unmet.isEmpty()) {
      out.println("\nCan't reach their budget:");
      unmet.forEach(run -> out.println("- " + run));
    }
    boolean whole = outcomes.size() + unmet.size() == grid.experiments(false).size();
    if (!quick && whole) {
      Plot.write(grid, table, Files.createDirectories(RESULTS));
    }
    return 0;
  }

  /** Before anything is run, for a grid takes hours, and again of the runs that are there. */
  private void checkGroup(List<String> groups) {
    if (against.isPresent() && !groups.contains(against.get())) {
      throw wrong(
          "--against %s: no such group; one of %s"
              .formatted(
                  against.get(), groups.stream().distinct().collect(Collectors.joining(", "))));
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(command.commandLine(), message);
  }

  @Command(
      description =
          "Measures what a sample costs, which times are made of; leave the machine alone.")
  int costs(@Option(names = "--cifar", paramLabel = "PATH", defaultValue = "cifar10") String where)
      throws IOException {
    Costs.measure(where);
    return 0;
  }

  private void run(Path runs, List<Experiment> experiments) throws IOException {
    ExecutorService pool = Executors.newFixedThreadPool(AT_A_TIME);
    try {
      List<Future<?>> started = new ArrayList<>();
      for (Experiment experiment : experiments) {
        started.add(pool.submit(() -> runOne(runs, experiment)));
      }
      for (Future<?> run : started) {
        run.get();
      }
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e);
    } catch (InterruptedException e) {
      throw new IOException("interrupted", e);
    } finally {
      pool.shutdownNow();
    }
  }

  private Void runOne(Path runs, Experiment experiment) throws IOException {
    Path file = file(runs, experiment);
    Path reason = unmetFile(runs, experiment);
    if (Files.exists(file) || Files.exists(reason)) {
      return null;
    }
    MadeData.prepare(experiment, cifar);
    Experiment met;
    try {
      met = Budget.meet(experiment);
    } catch (Budget.OutOfReachException e) {
      Files.createDirectories(runs);
      Files.writeString(reason, e.getMessage() + "\n");
      say("%-44s %s%n", experiment.name(), e.getMessage());
      return null;
    }
    Outcome outcome = met.run();
    outcome.write(file);
    PrunedData.discard(experiment);
    say(
        "%-44s share %.3f  accuracy %.4f%n",
        experiment.name(), outcome.share(), outcome.accuracy());
    return null;
  }

  private synchronized void say(String format, Object... values) {
    out.printf(Locale.ROOT, format, values);
  }

  private static Path file(Path runs, Experiment experiment) {
    return runs.resolve(experiment.name() + ".json");
  }

  /** Where it says why there is no such file and will be none. */
  private static Path unmetFile(Path runs, Experiment experiment) {
    return runs.resolve(experiment.name() + ".unmet.txt");
  }

  private static List<Outcome> outcomes(Path runs, List<Experiment> experiments)
      throws IOException {
    List<Outcome> outcomes = new ArrayList<>();
    for (Experiment experiment : experiments) {
      if (Files.exists(file(runs, experiment))) {
        outcomes.add(Outcome.read(file(runs, experiment)));
      }
    }
    return outcomes;
  }

  /** The runs whose policy can't reach its budget, and why. */
  private static List<String> unmet(Path runs, List<Experiment> experiments) throws IOException {
    List<String> unmet = new ArrayList<>();
    for (Experiment experiment : experiments) {
      Path reason = unmetFile(runs, experiment);
      if (Files.exists(reason)) {
        unmet.add(experiment.name() + ": " + Files.readString(reason).strip());
      }
    }
    return unmet;
  }

  public static void main(String[] arguments) {
    System.exit(commandLine(System.err).execute(arguments));
  }

  /** Wrong arguments are exit 2 and one line; what goes wrong in a run, exit 1 and one line. */
  static CommandLine commandLine(PrintStream err) {
    return new CommandLine(new Experiments())
        .registerConverter(Grid.class, Experiments::grid)
        .setParameterExceptionHandler((e, given) -> told(err, e, 2))
        .setExecutionExceptionHandler((e, line, given) -> told(err, e, 1));
  }

  private static Grid grid(String name) {
    if (!Grid.keys().contains(name.toLowerCase(Locale.ROOT))) {
      throw new TypeConversionException(
          "GRID: unknown '%s'; did you mean '%s'? One of %s"
              .formatted(
                  name,
                  GradsieveException.nearest(name, Grid.keys()),
                  String.join(", ", Grid.keys())));
    }
    return Grid.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  private static int told(PrintStream err, Exception e, int exitCode) {
    err.println("error: " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
    return exitCode;
  }
}
