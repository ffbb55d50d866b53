package io.gradsieve.diagnose;

import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Duplicates;
import io.gradsieve.data.Schema;
import io.gradsieve.format.rules.Column;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What a data set holds: sizes, classes, columns, duplicates. */
public final class DataReport {
  private final Map<String, Object> fields = new LinkedHashMap<>();
  private final List<String> lines = new ArrayList<>();

  private DataReport() {}

  /** Reads the data that the options name; throws as training on it would. */
  public static DataReport of(Settings settings) {
    Dataset data =
        DataSource.open(
            new DataRequest(
                settings.get(Options.CHECKED_DATA),
                DataRequest.Purpose.EVALUATE,
                Optional.empty(),
                settings.find(Options.DATA_DIR).map(Path::of),
                settings.find(Options.LABEL),
                settings.find(Options.ID),
                settings.find(Options.WEIGHT),
                settings.find(Options.IGNORE).orElse(List.of())));
    DataReport report = new DataReport();
    report.sizes(data);
    report.remarks(data.remarks());
    report.columns(data.schema());
    report.classes(data);
    report.duplicates(data.duplicates());
    return report;
  }

  /** For people. */
  public List<String> lines() {
    return List.copyOf(lines);
  }

  /** For JSON. */
  public Map<String, Object> fields() {
    return new LinkedHashMap<>(fields);
  }

  private void sizes(Dataset data) {
    int train = data.train().length;
    int test = data.test().length;
    fields.put("name", data.name());
    fields.put("train", train);
    fields.put("test", test);
    fields.put("shape", data.shape().toString());
    fields.put("element", data.bytes() ? "uint8" : "float32");
    lines.add(
        String.format(
            Locale.ROOT,
            "%s: %,d samples to train, %,d to test, each %s of %s",
            data.name(),
            train,
            test,
            data.shape(),
            data.bytes() ? "uint8" : "float32"));
  }

  private void remarks(List<String> remarks) {
    fields.put("remarks", remarks);
    remarks.forEach(remark -> lines.add("  " + remark));
  }

  private void columns(Schema schema) {
    List<Map<String, String>> columns = new ArrayList<>();
    for (Column column : schema.columns()) {
      String role = column.role().name().toLowerCase(Locale.ROOT);
      columns.add(Map.of("name", column.name(), "role", role));
      lines.add("  column %s: %s".formatted(column.name(), role));
    }
    fields.put("columns", columns);
  }

  private void classes(Dataset data) {
    List<String> names = data.classes();
    int[] train = counts(data, data.train());
    int[] test = counts(data, data.test());
    List<Map<String, Object>> classes = new ArrayList<>();
    for (int k = 0; k < names.size(); k++) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("class", names.get(k));
      entry.put("train", train[k]);
      entry.put("test", test[k]);
      classes.add(entry);
      lines.add(
          String.format(
              Locale.ROOT,
              "  class %s: %,d to train, %,d to test",
              names.get(k),
              train[k],
              test[k]));
    }
    fields.put("classes", classes);
  }

  private static int[] counts(Dataset data, int[] samples) {
    int[] counts = new int[data.classes().size()];
    for (int sample : samples) {
      counts[data.label(sample)]++;
    }
    return counts;
  }

  private void duplicates(Duplicates duplicates) {
    Map<String, Object> counts = new LinkedHashMap<>();
    counts.put("exact", duplicates.exact());
    counts.put("conflicting", duplicates.conflicting());
    counts.put("in_test", duplicates.inTest());
    fields.put("duplicates", counts);
    lines.add(
        String.format(
            Locale.ROOT,
            "  duplicates: %,d repeat another training sample, %,d have another label elsewhere, %,d are in the test part",
            duplicates.exact(),
            duplicates.conflicting(),
            duplicates.inTest()));
  }
}
