package io.gradsieve.filter;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.config.ModelRules;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.Schema;
import io.gradsieve.graph.Kind;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.nn.layer.Activation;
import io.gradsieve.nn.layer.Conv2d;
import io.gradsieve.nn.layer.Flatten;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.Linear;
import io.gradsieve.nn.layer.Pool2d;
import io.gradsieve.train.PreparedTraining;
import io.gradsieve.train.RankModel;
import io.gradsieve.train.RankTeacher;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.Trainer;
import io.gradsieve.train.TrainingData;
import io.gradsieve.train.TrainingSession;
import io.gradsieve.train.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Teaches a {@link LearnedFilter}: the scores become bins of equal size, which a small network is
 * trained to tell by the engine's own loop, from the inputs as the model sees them.
 */
public final class FilterTraining implements RankTeacher {
  private static final int BINS = 10;

  /** One in so many scored samples does not teach; the rank correlation is measured on those. */
  private static final int HELD_OUT = 10;

  /** Of fewer samples a rank correlation says little: chance alone scatters it by over 0.18. */
  private static final int FEWEST_HELD_OUT = 30;

  /**
   * Fashion-MNIST, scores of the first of two epochs of {@code cnn}: rank correlation 0.69 after 3,
   * 0.705 after 5, 0.73 after 10; 5 take two thirds of the time of a full epoch of that network.
   */
  private static final int EPOCHS = 5;

  private static final int BATCH = 64;

  /** Convolutions halve an image until it is no wider than this. */
  private static final int SMALLEST_IMAGE = 7;

  private static final int MOST_CHANNELS = 64;
  private static final int HIDDEN = 64;

  private final TrainingConfig run;
  private final Backend backend;

  /**
   * Trainings for a run.
   *
   * @param run whose device, threads and seed they take
   * @param backend holds the filter's weights; stays the caller's
   */
  public FilterTraining(TrainingConfig run, Backend backend) {
    this.run = run;
    this.backend = backend;
  }

  @Override
  public Optional<RankModel> learn(Dataset data, int[] samples, float[] scores, Workers workers) {
    return fit(data, samples, scores, workers.aside()).map(filter -> filter);
  }

  @Override
  public RankModel read(byte[] written) {
    try {
      Path file = Files.createTempFile("gradsieve-", LearnedFilter.FILE);
      try {
        Files.write(file, written);
        return LearnedFilter.read(file, backend);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new GradsieveException.Output(
          "the filter of another worker can't be kept: %s; make room in %s"
              .formatted(e.getMessage(), System.getProperty("java.io.tmpdir")),
          e);
    }
  }

  /** As {@link #learn}. */
  Optional<LearnedFilter> fit(Dataset data, int[] samples, float[] scores, Workers workers) {
    int tenth = samples.length / HELD_OUT;
    int held = tenth < FEWEST_HELD_OUT ? 0 : tenth;
    int[] taught = Arrays.copyOfRange(samples, held, samples.length);
    double[] ranks = Ranks.of(Arrays.copyOfRange(scores, held, scores.length));
    int[] bins = new int[data.size()];
    for (int i = 0; i < taught.length; i++) {
      bins[taught[i]] = (int) (ranks[i] * BINS);
    }
    Dataset binned = data.relabelled(bins, Schema.plain(BINS).classes());
    NetworkSpec spec = ModelRules.with(network(data.shape()), binned.schema());
    Network network = Network.create(spec, backend::parameters, 0);
    try {
      if (!train(binned, taught, network, workers)) {
        network.close();
        return Optional.empty();
      }
      LearnedFilter filter =
          new LearnedFilter(network, backend, run.ranking().spec(), Optional.empty());
      if (held == 0) {
        return Optional.of(filter);
      }
      float[] predicted = filter.ranks(data, Arrays.copyOf(samples, held), new StopRequest());
      double correlation = Ranks.correlation(predicted, Arrays.copyOf(scores, held));
      return Optional.of(filter.measured(correlation));
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
  }

  /** Whether it came to its end; {@code network} has the weights then. */
  private boolean train(Dataset binned, int[] taught, Network network, Workers workers) {
    TrainingConfig config =
        TrainingConfig.of(
            "sieve=none",
            "norms=off",
            "epochs=" + EPOCHS,
            "batch-size=" + Math.min(BATCH, taught.length),
            "optimizer=adamw",
            "lr=0.002",
            "weight-decay=0.01",
            "clip-norm=1",
            "device=" + run.device(),
            "threads=" + run.threads(),
            "precision=" + Backends.precision(Backends.found(run.device()), run.precision()).key(),
            "seed=" + run.seed());
    PreparedTraining training =
        new PreparedTraining(
                config, TrainingData.of(binned, config), network.spec(), Optional.empty(), true)
            .on(taught);
    try (TrainingSession session = TrainingSession.open(training, workers)) {
      boolean ended = new Trainer(session, List.of()).run().signal() == 0;
      network.parameters().copy(session.network().parameters());
      return ended;
    }
  }

  /** Convolutions for images, else two hidden layers. */
  private static NetworkSpec network(SampleShape shape) {
    Layer relu = new Activation(Kind.Function.RELU);
    List<Layer> layers = new ArrayList<>();
    int height = shape.height();
    int width = shape.width();
    boolean image = height > 1 || width > 1;
    int channels = 16;
    while (Math.min(height, width) > 1 && Math.max(height, width) > SMALLEST_IMAGE) {
      layers.add(new Conv2d(channels, 3, 3, 1, 1, true));
      layers.add(relu);
      layers.add(new Pool2d(Kind.Pool.MAX, 2));
      height /= 2;
      width /= 2;
      channels = Math.min(2 * channels, MOST_CHANNELS);
    }
    if (image) {
      layers.add(new Flatten());
    }
    layers.add(new Linear(image ? HIDDEN : 2 * HIDDEN, true));
    layers.add(relu);
    if (!image) {
      layers.add(new Linear(HIDDEN, true));
      layers.add(relu);
    }
    layers.add(new Linear(BINS, true));
    List<Integer> input =
        image
            ? List.of(shape.channels(), shape.height(), shape.width())
            : List.of(shape.channels());
    return NetworkSpec.of(input, layers);
  }
}
