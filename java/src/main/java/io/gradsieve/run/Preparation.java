package io.gradsieve.run;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.Precision;
import io.gradsieve.config.DataOptions;
import io.gradsieve.config.ModelRules;
import io.gradsieve.config.Options;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Schema;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.train.PreparedTraining;
import io.gradsieve.train.TrainingData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Makes a {@link PreparedTraining} of a configuration, and says what there is to tell of it. */
public final class Preparation {
  private static final double TABLE_VALIDATION = 0.1;
  private static final String TABLE_DEFAULT = "default of a table without a test part";

  private Preparation() {}

  /**
   * Looks at {@code out}, reads the data and resolves the model; writes nothing. Where {@code
   * asked} resumes, it goes on with the configuration that the run has.
   *
   * @throws GradsieveException.BadData if nothing can be learned of the data
   * @throws GradsieveException of the kind that fits
   */
  public static PreparedTraining of(TrainingConfig asked) {
    return of(asked, DataSource::open);
  }

  /** The same of data that {@code source} has. */
  public static PreparedTraining of(TrainingConfig asked, Function<DataRequest, Dataset> source) {
    TrainingConfig config = ResumedSettings.of(asked);
    config.out().ifPresent(out -> RunDirectory.check(out, config.resume(), config.overwrite()));
    return read(config, source);
  }

  /** The same for one of several workers, of which the first looks at {@code out} in its time. */
  static PreparedTraining ofWorker(TrainingConfig asked) {
    return read(ResumedSettings.of(asked), DataSource::open);
  }

  private static PreparedTraining read(
      TrainingConfig config, Function<DataRequest, Dataset> source) {
    ModelSource model = ModelSource.of(Optional.of(config.model()), config.weights());
    Optional<Schema> rules = model.stated();
    Dataset dataset = source.apply(config.dataRequest(rules));
    TrainingConfig validating = validating(config, dataset);
    TrainingData data = TrainingData.of(dataset, validating);
    NetworkSpec spec = ModelRules.with(model.spec(dataset), dataset.schema());
    TrainingConfig found = found(validating, data);
    Prospects.check(found, data, spec);
    return new PreparedTraining(found, data, spec, model.weights(), rules.isPresent());
  }

  /** With a share that validates: nobody gives a table a test part beforehand. */
  private static TrainingConfig validating(TrainingConfig config, Dataset dataset) {
    if (config.settings().find(Options.VALIDATION).isPresent()) {
      return config;
    }
    boolean table = !dataset.schema().columns().isEmpty() && dataset.test().length == 0;
    return table
        ? config.with(Options.VALIDATION, TABLE_VALIDATION, TABLE_DEFAULT)
        : config.with(Options.VALIDATION, 0.0, "default");
  }

  private static TrainingConfig found(TrainingConfig config, TrainingData data) {
    TrainingConfig found = PreparedTraining.fitting(config, data.train().length);
    if (config.validation() > 0 && data.validation().length == 0) {
      found = found.with(Options.VALIDATION, 0.0, TABLE_DEFAULT + ", of too few rows");
    }
    if (config.settings().find(Options.THREADS).isEmpty()) {
      found = found.with(Options.THREADS, config.threads(), "found: one a core");
    }
    DeviceName device = Backends.found(config.device());
    if (!device.equals(config.device())) {
      found = found.with(Options.DEVICE, device, "found");
    }
    // a run that began on a GPU and goes on here has not asked this machine for the GPU's precision
    Optional<Precision> asked =
        config
            .precision()
            .filter(
                p ->
                    config.settings().given(Options.PRECISION)
                        || device.kind() != DeviceName.Kind.CPU);
    Precision precision = Backends.precision(device, asked);
    if (asked.isEmpty()) {
      found = found.with(Options.PRECISION, precision, "found: of " + device);
    }
    Optional<String> label = DataOptions.labelColumn(data.dataset());
    if (label.isPresent() && config.settings().find(Options.LABEL).isEmpty()) {
      found = found.with(Options.LABEL, label.get(), "found in the data");
    }
    return found;
  }

  /** Lines to tell the user once. */
  public static List<String> remarks(PreparedTraining training) {
    TrainingData data = training.data();
    List<String> remarks = new ArrayList<>(data.dataset().remarks());
    training
        .weights()
        .filter(at -> !training.ruled())
        .map(Preparation::byPosition)
        .ifPresent(remarks::add);
    remarks.addAll(Prospects.warnings(training.config(), data, training.spec()));
    unasked(training.config(), data).ifPresent(remarks::add);
    return remarks;
  }

  private static String byPosition(Path weights) {
    return "warning: %s: no %s beside it says which columns and classes it was trained on, so those of the data are taken by position"
        .formatted(weights, RunDirectory.MODEL);
  }

  /** Of rows that validate, or could not, without anybody having asked. */
  private static Optional<String> unasked(TrainingConfig config, TrainingData data) {
    boolean ours =
        config
            .settings()
            .setting(Options.VALIDATION)
            .filter(setting -> setting.origin().startsWith(TABLE_DEFAULT))
            .isPresent();
    int validation = data.validation().length;
    String line =
        validation > 0
            ? "%,d of %,d rows are set aside to validate on, as there is no test part (--validation 0 trains on all)"
                .formatted(validation, validation + data.train().length)
            : "no test part, and too few rows to set some aside: nothing validates";
    return ours ? Optional.of(line) : Optional.empty();
  }
}
