package io.gradsieve.scoring;

import io.gradsieve.config.Settings;
import io.gradsieve.data.DataRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * {@code eval}: how a model does on a part of the data.
 *
 * @param split the part that was looked at
 * @param trainedOn how many of the samples the model was trained on, as far as is known
 * @param loss mean cross-entropy
 * @param classes one entry a class
 * @param confusion [K][K]: samples of the row's class that were predicted as the column's
 */
public record ModelEvaluation(
    String split,
    int samples,
    int trainedOn,
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
      EvaluatedPart part = EvaluatedPart.of(settings, session);
      int[] samples = part.samples();
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
      return of(part, names, confusion, losses);
    }
  }

  private static ModelEvaluation of(
      EvaluatedPart part, List<String> names, int[][] confusion, double[] losses) {
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
        part.name().key(),
        samples,
        part.trainedOn(),
        loss / samples,
        (double) correct / samples,
        classes,
        confusion);
  }

  /** The part in words: whether it is what the model was trained on. */
  public String part() {
    String words =
        trainedOn == samples
            ? ": the samples it was trained on"
            : String.format(Locale.ROOT, ": it was trained on %,d of them", trainedOn);
    return trainedOn > 0 ? split + words : split;
  }

  /** For JSON. */
  public Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("split", split);
    fields.put("samples", samples);
    fields.put("trained_on", trainedOn > 0);
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
