package io.gradsieve.train.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.data.DataRequest;
import io.gradsieve.train.option.Options;
import io.gradsieve.train.option.Settings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * {@code eval}: how a model does on a part of the data.
 *
 * @param split the part that was looked at
 * @param loss mean cross-entropy
 * @param classes one entry a class
 * @param confusion [K][K]: samples of the row's class that were predicted as the column's
 */
public record ModelEvaluation(
    String split,
    int samples,
    double loss,
    double accuracy,
    List<PerClass> classes,
    int[][] confusion) {

  /**
   * One class.
   *
   * @param loss mean over its samples; NaN without any
   * @param accuracy share of its samples predicted right (recall); NaN without any
   * @param precision share right among those predicted as it; NaN without any
   */
  public record PerClass(
      String name, int samples, double loss, double accuracy, double precision) {}

  /** Evaluates as the options say; {@code notes} takes lines to tell. */
  public static ModelEvaluation of(Settings settings, Consumer<String> notes) {
    try (ScoringSession session =
        ScoringSession.open(settings, DataRequest.Purpose.EVALUATE, false, notes)) {
      String split = settings.get(Options.EVAL_SPLIT);
      if (split.equals("test")
          && session.data().test().length == 0
          && !settings.given(Options.EVAL_SPLIT)) {
        split = "all";
      }
      int[] samples = session.split(split);
      if (samples.length == 0) {
        throw new GradsieveException.BadData(
            "%s: has no %s part; choose another --split".formatted(session.data().name(), split));
      }
      List<String> names = session.data().classes();
      int[][] confusion = new int[names.size()][names.size()];
      double[] losses = new double[names.size()];
      session.forEach(
          samples,
          (first, batch, records) -> {
            for (int i = 0; i < batch.size(); i++) {
              int label = batch.slot().labels().get(i);
              confusion[label][(int) records.predicted().get(i)]++;
              losses[label] += records.crossEntropy().get(i);
            }
          });
      return of(split, names, confusion, losses);
    }
  }

  private static ModelEvaluation of(
      String split, List<String> names, int[][] confusion, double[] losses) {
    List<PerClass> classes = new ArrayList<>();
    int samples = 0;
    int correct = 0;
    double loss = 0;
    for (int k = 0; k < names.size(); k++) {
      int given = 0;
      int predicted = 0;
      for (int j = 0; j < names.size(); j++) {
        given += confusion[k][j];
        predicted += confusion[j][k];
      }
      samples += given;
      correct += confusion[k][k];
      loss += losses[k];
      classes.add(
          new PerClass(
              names.get(k),
              given,
              losses[k] / given,
              (double) confusion[k][k] / given,
              (double) confusion[k][k] / predicted));
    }
    return new ModelEvaluation(
        split, samples, loss / samples, (double) correct / samples, classes, confusion);
  }

  /** For JSON. */
  public Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("split", split);
    fields.put("samples", samples);
    fields.put("loss", loss);
    fields.put("accuracy", accuracy);
    List<Map<String, Object>> list = new ArrayList<>();
    for (PerClass c : classes) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("class", c.name());
      entry.put("samples", c.samples());
      entry.put("loss", orNull(c.loss()));
      entry.put("accuracy", orNull(c.accuracy()));
      entry.put("precision", orNull(c.precision()));
      list.add(entry);
    }
    fields.put("classes", list);
    fields.put("confusion", confusion);
    return fields;
  }

  /** JSON has no NaN. */
  private static @Nullable Double orNull(double value) {
    return Double.isNaN(value) ? null : value;
  }
}
