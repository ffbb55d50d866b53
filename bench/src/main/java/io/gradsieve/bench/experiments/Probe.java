package io.gradsieve.bench.experiments;

import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.SettingsReader;
import io.gradsieve.format.csv.CsvTable;
import io.gradsieve.landscape.Landscape;
import io.gradsieve.run.RunDirectory;
import io.gradsieve.scoring.SampleScores;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.Share;
import io.gradsieve.train.StopRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What is measured on a finished run, beside how it trained. */
enum Probe {
  NONE {
    @Override
    Map<String, Double> figures(Experiment experiment, Path run) {
      return Map.of();
    }
  },

  /** Nothing; its files stay, with the scores that {@code prune} chooses by. */
  SCORES {
    @Override
    Map<String, Double> figures(Experiment experiment, Path run) {
      return Map.of();
    }
  },

  /**
   * How well its scores find the labels that {@link MadeData#FLIPPED} moved: precision among as
   * many samples of lowest {@code label_quality}, and precision and recall of {@code label_issue}.
   */
  LABELS {
    @Override
    Map<String, Double> figures(Experiment experiment, Path run) {
      return foundLabels(run.resolve(RunDirectory.SCORES));
    }
  },

  /**
   * The same of scores held out: five more trainings, each without the fold that it scores, as
   * {@code score --folds} has them (no clipping); the table's time leaves them out.
   */
  HELD_OUT {
    @Override
    Map<String, Double> figures(Experiment experiment, Path run) {
      Path scores = run.resolve("held-out.csv");
      List<String> options =
          List.of(
              "data=" + experiment.value("data"),
              "model=" + experiment.value("model"),
              "epochs=" + experiment.value("epochs"),
              "seed=" + experiment.seed(),
              "folds=5",
              "threads=1",
              "out=" + scores);
      SampleScores.write(
          new SettingsReader("score", CommandOptions.SCORE_COMMAND).sets(options).resolve(),
          List.of(),
          new StopRequest(),
          line -> {},
          note -> {});
      return foundLabels(scores);
    }
  },

  /** How curved the loss is at its last weights. */
  SHARPNESS {
    @Override
    Map<String, Double> figures(Experiment experiment, Path run) {
      Landscape.Figures figures =
          Landscape.write(
                  new SettingsReader("landscape", CommandOptions.LANDSCAPE)
                      .sets(List.of("grid=11", "threads=1", "out=" + run.resolve("landscape")))
                      .resolve(),
                  List.of(run.toString()),
                  line -> {},
                  note -> {})
              .runs()
              .get(0);
      return new TreeMap<>(
          Map.of(
              "top_eigenvalue", figures.topEigenvalue(),
              "trace", figures.trace(),
              "trace_error", figures.traceError(),
              "highest_loss", figures.highest()));
    }
  };

  /**
   * By name.
   *
   * @param run its directory
   */
  abstract Map<String, Double> figures(Experiment experiment, Path run);

  private static Map<String, Double> foundLabels(Path file) {
    Set<Long> flipped = MadeData.flippedSamples();
    List<Map.Entry<Double, Long>> byQuality = new ArrayList<>();
    int issues = 0;
    int right = 0;
    try (CsvTable scores = CsvTable.open(file)) {
      int index = scores.header().indexOf(ScoreColumns.INDEX.key());
      int quality = scores.header().indexOf(ScoreColumns.LABEL_QUALITY.key());
      int issue = scores.header().indexOf(ScoreColumns.LABEL_ISSUE.key());
      while (scores.next()) {
        long sample = Long.parseLong(scores.cell(index));
        byQuality.add(Map.entry(Double.parseDouble(scores.cell(quality)), sample));
        if (scores.cell(issue).equals("1")) {
          issues++;
          right += flipped.contains(sample) ? 1 : 0;
        }
      }
    }
    byQuality.sort(Map.Entry.comparingByKey(Comparator.naturalOrder()));
    int lowest = Share.ceil(MadeData.FLIPPED_SHARE, byQuality.size());
    Set<Long> suspects = new HashSet<>();
    byQuality.subList(0, lowest).forEach(entry -> suspects.add(entry.getValue()));
    suspects.retainAll(flipped);
    Map<String, Double> figures = new TreeMap<>();
    figures.put("quality_precision", (double) suspects.size() / lowest);
    figures.put("issue_recall", (double) right / flipped.size());
    if (issues > 0) {
      figures.put("issue_precision", (double) right / issues);
    }
    return figures;
  }
}
