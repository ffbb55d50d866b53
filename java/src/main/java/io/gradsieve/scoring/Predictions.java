package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.format.files.OutputFile;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** {@code predict}: class and probabilities of each row: {@code id,index,predicted,p_CLASS,…}. */
public final class Predictions {
  private Predictions() {}

  /** What was written; {@code counts} has the rows predicted as each class. */
  public record Summary(Path out, int samples, List<String> classes, int[] counts) {}

  /** Predicts the part of the data and writes the file; {@code notes} takes lines to tell. */
  public static Summary write(Settings settings, Consumer<String> notes) {
    Path out = OutputFile.of(settings.get(Options.PREDICTIONS_OUT), "csv");
    try (ScoringSession session =
        ScoringSession.open(settings, DataRequest.Purpose.PREDICT, false, notes)) {
      Dataset data = session.data();
      int[] samples = session.split(settings.get(Options.PREDICT_SPLIT));
      if (samples.length == 0) {
        throw new GradsieveException.BadData(
            "%s: has no %s part; choose another --split"
                .formatted(data.name(), settings.get(Options.PREDICT_SPLIT).key()));
      }
      int classes = data.classes().size();
      int[] counts = new int[classes];
      OutputFile.writeCsv(
          out,
          csv -> {
            csv.writeRecord(header(data.classes()));
            session.forEach(
                samples,
                (first, batch, records) -> {
                  for (int i = 0; i < batch.size(); i++) {
                    int predicted = (int) records.predicted().get(i);
                    counts[predicted]++;
                    csv.writeRecord(row(data, samples[first + i], predicted, records, i));
                  }
                });
          });
      return new Summary(out, samples.length, data.classes(), counts);
    }
  }

  private static String[] header(List<String> classes) {
    String[] header = new String[3 + classes.size()];
    header[0] = "id";
    header[1] = "index";
    header[2] = "predicted";
    for (int k = 0; k < classes.size(); k++) {
      header[3 + k] = "p_" + classes.get(k);
    }
    return header;
  }

  private static String[] row(
      Dataset data, int sample, int predicted, StepRecords records, int row) {
    int classes = data.classes().size();
    FloatBuffer probabilities = records.probabilities();
    int pitch = records.pitch();
    String[] cells = new String[3 + classes];
    cells[0] = data.id(sample);
    cells[1] = Long.toString(data.index(sample));
    cells[2] = data.classes().get(predicted);
    for (int k = 0; k < classes; k++) {
      cells[3 + k] = Float.toString(probabilities.get(row * pitch + k));
    }
    return cells;
  }
}
