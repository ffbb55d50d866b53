package io.gradsieve.bench.peers;

import io.gradsieve.GradsieveException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Engine and peers in one sitting: for each model, batch size and number of threads each peer's
 * allocator is chosen by trials, then all are started, warmed up, and take turns in short windows;
 * each pair of neighbouring windows gives a ratio. Rows are printed as they come, the table at the
 * end.
 */
@Command(
    name = "bench/peers/run",
    description = "Measures engine and peers in turns; prints the table of docs/performance.md.",
    sortOptions = false,
    showDefaultValues = true,
    mixinStandardHelpOptions = true)
final class Compare implements Callable<Integer> {
  @Option(names = "--models", split = ",", paramLabel = "MODEL")
  private List<String> models = List.of("mlp", "cnn", "resnet20");

  @Option(names = "--batches", split = ",", paramLabel = "N")
  private List<Integer> batches = List.of(128, 512, 2048);

  @Option(names = "--threads", split = ",", paramLabel = "N")
  private List<Integer> threads = List.of(Runtime.getRuntime().availableProcessors());

  @Option(
      names = "--sides",
      split = ",",
      paramLabel = "SIDE",
      description =
          "the first is compared to each other: engine, pytorch, torchscript, dl4j,"
              + " engine-norms-off, pytorch-channels-first, pytorch-pinned")
  private List<String> sides = List.of("engine", "pytorch");

  @Option(
      names = "--pairs",
      paramLabel = "N",
      description = "windows of each side; six have a 95 %% interval")
  private int pairs = 6;

  @Option(names = "--seconds", paramLabel = "S", description = "least of a window")
  private double seconds = 2.5;

  @Option(names = "--steps", paramLabel = "N", description = "least of a window")
  private int steps = 3;

  @Option(
      names = "--allocators",
      split = ",",
      paramLabel = "NAME",
      description = "tried on each peer in each cell, the fastest taken; one alone is taken")
  private List<String> allocators = List.of("glibc", "tcmalloc", "jemalloc");

  @Option(
      names = "--engine-allocators",
      split = ",",
      paramLabel = "NAME",
      description = "the same for the engine, whose steps allocate nothing natively")
  private List<String> engineAllocators = List.of("glibc");

  @Option(
      names = "--trial-seconds",
      paramLabel = "S",
      description = "least of a window of the trials")
  private double trialSeconds = 1;

  @Option(
      names = "--cells",
      paramLabel = "DIR",
      showDefaultValue = CommandLine.Help.Visibility.NEVER,
      description = "a JSON file a cell; one that is there already is not measured again")
  private Optional<Path> cells = Optional.empty();

  @Option(
      names = "--print",
      description = "the table of the cells that are there; measures nothing")
  private boolean print;

  private final PrintStream out = System.out;
  private final PrintStream err = System.err;

  @Override
  public Integer call() throws IOException {
    requirePossible();
    CellTable table = new CellTable(sides);
    Measurement measurement =
        new Measurement(sides, pairs, seconds, steps, this::allocators, trialSeconds);
    if (!print) {
      table.head().forEach(out::println);
    }
    List<Cell> shown = new ArrayList<>();
    int failed = 0;
    for (String model : models) {
      for (int batch : batches) {
        for (int count : threads) {
          try {
            Optional<Cell> cell = cell(measurement, model, batch, count);
            cell.ifPresent(shown::add);
            if (!print) {
              cell.map(table::rows).orElseThrow().forEach(out::println);
            }
          } catch (IOException e) {
            failed++;
            err.printf("%s %d %d is left out: %s%n", model, batch, count, e.getMessage());
          }
        }
      }
    }
    if (!shown.isEmpty()) {
      out.println();
      table.lines(shown).forEach(out::println);
    } else if (print) {
      out.println("no such cells there");
    }
    return failed == 0 ? 0 : 1;
  }

  /** The cell as it is kept, or measured now; empty if it is not there and nothing is measured. */
  private Optional<Cell> cell(Measurement measurement, String model, int batch, int count)
      throws IOException {
    if (cells.isPresent()) {
      Path file = Cell.file(cells.get(), model, batch, count);
      if (Files.exists(file)) {
        Cell kept = Cell.read(file);
        if (kept.covers(sides, print ? 1 : pairs, print ? 0 : seconds)) {
          return Optional.of(kept);
        }
      }
    }
    if (print) {
      return Optional.empty();
    }
    Cell cell = measurement.cell(model, batch, count);
    if (cells.isPresent()) {
      cell.write(cells.get());
    }
    return Optional.of(cell);
  }

  private List<Allocator> allocators(String side) {
    List<String> keys = side.startsWith("engine") ? engineAllocators : allocators;
    return keys.stream().map(Allocator::of).toList();
  }

  private void requirePossible() throws IOException {
    if (print && cells.isEmpty()) {
      throw new GradsieveException.Usage("--print: of which cells? Add --cells DIR");
    }
    for (String side : sides) {
      Program.requireKnown(side);
      for (Allocator allocator : allocators(side)) {
        if (!print) {
          allocator.require();
        }
      }
    }
  }

  public static void main(String[] arguments) {
    System.exit(
        new CommandLine(new Compare())
            .setExecutionExceptionHandler(Compare::failed)
            .execute(arguments));
  }

  private static int failed(Exception failure, CommandLine line, CommandLine.ParseResult arguments)
      throws Exception {
    if (failure instanceof GradsieveException ours) {
      line.getErr().println(ours.getMessage());
      return ours.exitCode();
    }
    throw failure;
  }
}
