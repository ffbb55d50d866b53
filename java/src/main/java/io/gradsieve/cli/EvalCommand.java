package io.gradsieve.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.config.Options;
import io.gradsieve.format.files.OutputFile;
import io.gradsieve.scoring.ModelEvaluation;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** {@code eval}. */
final class EvalCommand {
  /** Version of the object in the file. */
  private static final int SCHEMA = 1;

  /** More classes make a confusion matrix that no terminal shows. */
  private static final int MOST_COLUMNS = 20;

  private EvalCommand() {}

  static Outcome run(Invocation invocation) {
    Optional<Path> out =
        invocation.settings().find(Options.EVAL_OUT).map(file -> OutputFile.of(file, "json"));
    ModelEvaluation evaluation = ModelEvaluation.of(invocation.settings(), invocation::note);
    Map<String, Object> fields = evaluation.fields();
    out.ifPresent(path -> OutputFile.writeText(path, json(fields)));
    return Outcome.of(text(evaluation), fields);
  }

  private static String json(Map<String, Object> fields) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("schema", SCHEMA);
    object.putAll(fields);
    try {
      return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(object) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an evaluation that is no JSON", e);
    }
  }

  private static String text(ModelEvaluation evaluation) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "accuracy %.4f, loss %.4f on %,d samples (%s)%n%n",
            evaluation.accuracy(),
            evaluation.loss(),
            evaluation.samples(),
            evaluation.part()));
    int width = evaluation.classes().stream().mapToInt(c -> c.name().length()).max().orElse(5);
    width = Math.max(width, 5);
    text.append(
        String.format(
            "%-" + width + "s  %8s  %8s  %9s  %8s%n",
            "class",
            "samples",
            "accuracy",
            "precision",
            "loss"));
    for (ModelEvaluation.PerClass c : evaluation.classes()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%-" + width + "s  %8d  %8s  %9s  %8s%n",
              c.name(),
              c.samples(),
              figure(c.accuracy()),
              figure(c.precision()),
              figure(c.loss())));
    }
    if (evaluation.classes().size() <= MOST_COLUMNS) {
      text.append(confusion(evaluation, width));
    }
    return text.toString().stripTrailing();
  }

  private static String figure(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4f", value);
  }

  private static String confusion(ModelEvaluation evaluation, int width) {
    StringBuilder text = new StringBuilder("\nconfusion (row: class, column: predicted)\n");
    int cell = 1;
    for (int[] row : evaluation.confusion()) {
      for (int count : row) {
        cell = Math.max(cell, Integer.toString(count).length());
      }
    }
    for (int k = 0; k < evaluation.classes().size(); k++) {
      text.append(String.format("%-" + width + "s ", evaluation.classes().get(k).name()));
      for (int count : evaluation.confusion()[k]) {
        text.append(String.format(" %" + cell + "d", count));
      }
      text.append('\n');
    }
    return text.toString();
  }
}
