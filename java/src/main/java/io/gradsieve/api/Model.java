package io.gradsieve.api;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Output;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.Resources;
import io.gradsieve.config.ModelRules;
import io.gradsieve.config.Options;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.DataRequest.Purpose;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Schema;
import io.gradsieve.format.rules.Column;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.run.DatasetNames;
import io.gradsieve.run.ModelSource;
import io.gradsieve.run.RunDirectory;
import io.gradsieve.scoring.ScoringSession;
import io.gradsieve.train.Snapshot;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A trained network with the rules by which it reads data. Calls from several threads wait for each
 * other. Owns native memory: close it.
 */
public final class Model implements AutoCloseable {
  private final Backend backend;
  private final Network network;
  private final Schema rules;
  private final Resources resources;

  private Model(Backend backend, Network network, Resources resources) {
    this.backend = backend;
    this.network = network;
    this.resources = resources;
    rules = ModelRules.schema(network.spec());
  }

  /**
   * The model of a run directory, of one of its checkpoints, or of a model file with its weights
   * beside it.
   *
   * @throws GradsieveException.BadData if something is missing or wrong there
   */
  public static Model load(Path run) {
    return Words.ofCode(
        () -> {
          ModelSource source = ModelSource.trained(Optional.of(run.toString()), Optional.empty());
          NetworkSpec spec =
              source.spec().orElseThrow(() -> new BadData(run + ": is no run and no model file"));
          Path weights =
              source
                  .weights()
                  .orElseThrow(() -> new BadData(run + ": has no weights beside its model"));
          Model model = open(TrainingConfig.of(), spec);
          try {
            model.network.load(weights);
          } catch (RuntimeException e) {
            throw model.resources.abandon(e);
          }
          return model;
        });
  }

  /** What a training has come to, on the same device. */
  static Model of(Snapshot snapshot, TrainingConfig config) {
    Model model = open(config, snapshot.network());
    try {
      snapshot.copyTo(model.network);
    } catch (RuntimeException e) {
      throw model.resources.abandon(e);
    }
    return model;
  }

  private static Model open(TrainingConfig config, NetworkSpec spec) {
    Resources resources = new Resources();
    try {
      Backend backend =
          Backends.open(
              config.settings().get(Options.DEVICE),
              config.threads(),
              config.settings().find(Options.PRECISION));
      resources.add(backend::close);
      Network network = Network.create(spec, backend::parameters, 0);
      resources.add(network::close);
      return new Model(backend, network, resources);
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  /** Names of the classes, in the order of the probabilities, K of them. */
  public List<String> classes() {
    return rules.classes();
  }

  /** How many inputs a sample has; of a table as many as it has columns of numbers. */
  public int inputs() {
    return rules.columns().isEmpty()
        ? network.spec().inputs()
        : (int) rules.columns().stream().filter(c -> c.features() > 0).count();
  }

  /**
   * Probabilities of the classes for one sample, [K].
   *
   * @param inputs as they were trained on: features; the numbers of a table's columns in their
   *     order, not standardised; pixels of an image, channel after channel, from 0 to 255 if it was
   *     trained on bytes
   */
  public float[] predict(float... inputs) {
    return predict(new float[][] {inputs})[0];
  }

  /** The same for many, which is faster, [N][K]. */
  public float[][] predict(float[][] inputs) {
    return predict(samples(inputs));
  }

  /** The same for samples, whose labels are not looked at, [N][K]. */
  public synchronized float[][] predict(Samples samples) {
    return Words.ofCode(
        () -> {
          Dataset data = fitting(samples.open(Purpose.PREDICT, rules));
          float[][] all = new float[data.size()][classes().size()];
          try (ScoringSession session = ScoringSession.of(data, network, backend, false)) {
            session.forEach(
                rows(data),
                (first, batch, records) -> {
                  FloatBuffer probabilities = records.probabilities();
                  for (int i = 0; i < batch.size(); i++) {
                    probabilities.get(i * records.pitch(), all[first + i]);
                  }
                });
          }
          return all;
        });
  }

  /** Scores of samples with these weights: loss, gradient norm and all others. */
  public synchronized Scores score(Samples samples) {
    return Words.ofCode(
        () -> {
          Dataset data = fitting(samples.open(Purpose.EVALUATE, rules));
          int[] rows = rows(data);
          try (ScoringSession session = ScoringSession.of(data, network, backend, true)) {
            int[] classes = Arrays.stream(rows).map(data::label).toArray();
            return Scores.of(session.score(rows, 0), new DatasetNames(data, rows), classes);
          }
        });
  }

  /**
   * Writes {@code model.yaml} and {@code model.safetensors}, which {@link #load} and the command
   * line read.
   *
   * @param directory made if it is not there
   */
  public synchronized void save(Path directory) {
    try {
      Files.createDirectories(directory);
      Files.writeString(directory.resolve(RunDirectory.MODEL), network.spec().toYaml());
    } catch (IOException e) {
      throw new Output(directory + ": can't be written: " + e.getMessage(), e);
    }
    network.save(directory.resolve(RunDirectory.WEIGHTS));
  }

  private static int[] rows(Dataset data) {
    return IntStream.range(0, data.size()).toArray();
  }

  private Dataset fitting(Dataset data) {
    List<Integer> input = network.spec().input();
    int elements = input.stream().reduce(1, Math::multiplyExact);
    if (data.shape().elements() != elements) {
      throw new BadData(
          "%s: are %s, the model takes %s".formatted(data.name(), data.shape(), input));
    }
    return data;
  }

  /** Arrays as the model's data was. */
  private Samples samples(float[][] inputs) {
    if (!rules.columns().isEmpty()) {
      return Samples.unlabelled(standardised(inputs));
    }
    List<Integer> input = network.spec().input();
    boolean image = input.size() == 3;
    int height = image ? input.get(1) : 1;
    int width = image ? input.get(2) : 1;
    return rules.normalize().isPresent()
        ? Samples.images(bytes(inputs), input.get(0), height, width)
        : Samples.images(inputs, input.get(0), height, width);
  }

  private static byte[][] bytes(float[][] inputs) {
    byte[][] bytes = new byte[inputs.length][];
    for (int i = 0; i < inputs.length; i++) {
      bytes[i] = new byte[inputs[i].length];
      for (int k = 0; k < inputs[i].length; k++) {
        float value = inputs[i][k];
        if (!(value >= 0 && value <= 255 && value == Math.rint(value))) {
          throw new BadData(
              "input %d of sample %d is %s: the model was trained on bytes, 0 to 255"
                  .formatted(k, i, value));
        }
        bytes[i][k] = (byte) value;
      }
    }
    return bytes;
  }

  private float[][] standardised(float[][] rows) {
    List<Column> columns = rules.columns().stream().filter(c -> c.features() > 0).toList();
    for (Column column : columns) {
      if (column.role() != Column.Role.NUMBER) {
        throw new Usage(
            "column '%s' holds words: predict(Samples.read(file)) takes them"
                .formatted(column.name()));
      }
    }
    List<Double> mean = rules.normalize().orElseThrow().mean();
    List<Double> deviation = rules.normalize().orElseThrow().deviation();
    float[][] features = new float[rows.length][columns.size()];
    for (int i = 0; i < rows.length; i++) {
      if (rows[i].length != columns.size()) {
        throw new BadData(
            "sample %d has %d inputs, the model takes %d: %s"
                .formatted(
                    i,
                    rows[i].length,
                    columns.size(),
                    String.join(", ", columns.stream().map(Column::name).toList())));
      }
      for (int k = 0; k < rows[i].length; k++) {
        features[i][k] = (float) ((rows[i][k] - mean.get(k)) / deviation.get(k));
      }
    }
    return features;
  }

  @Override
  public synchronized void close() {
    resources.close();
  }
}
