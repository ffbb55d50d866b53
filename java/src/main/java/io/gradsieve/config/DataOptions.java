package io.gradsieve.config;

import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Schema;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Column.Role;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The data options of any command as one request. */
public final class DataOptions {
  private DataOptions() {}

  /** Opens the data and tells its remarks; {@code rules} as of {@link #request}. */
  public static Dataset open(
      Settings settings,
      DataRequest.Purpose purpose,
      Optional<Schema> rules,
      Consumer<String> notes) {
    Dataset data = DataSource.open(request(settings, purpose, rules));
    data.remarks().forEach(notes);
    return data;
  }

  /** {@code rules} are those of a model; empty: made from the data. */
  public static DataRequest request(
      Settings settings, DataRequest.Purpose purpose, Optional<Schema> rules) {
    return new DataRequest(
        settings.get(Options.DATA),
        purpose,
        rules,
        settings.find(Options.DATA_DIR).map(Path::of),
        settings.find(Options.LABEL),
        settings.find(Options.ID),
        settings.find(Options.WEIGHT),
        settings.find(Options.IGNORE).orElse(List.of()));
  }

  /** The label column of a table. */
  public static Optional<String> labelColumn(Dataset dataset) {
    return dataset.schema().columns().stream()
        .filter(column -> column.role() == Role.LABEL)
        .map(Column::name)
        .findFirst();
  }
}
