package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.config.DataOptions;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.config.Threads;
import io.gradsieve.data.DataRequest.Purpose;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Schema;
import io.gradsieve.filter.LearnedFilter;
import io.gradsieve.train.StopRequest;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Data that was never scored, as a filter ranks it. */
final class FilteredData {
  private FilteredData() {}

  /**
   * The training part of {@code --data}, read by the rules of the filter, with predicted ranks as
   * scores. Labels are needed only for classes.
   */
  static RankedSamples rank(Settings settings, boolean byClass, Consumer<String> notes) {
    Path file = Path.of(settings.get(Options.FILTER));
    try (Backend backend =
            Backends.open(
                settings.get(Options.DEVICE),
                Threads.of(settings),
                settings.find(Options.PRECISION));
        LearnedFilter filter = LearnedFilter.read(file, backend)) {
      Optional<Schema> rules = Optional.of(filter.rules());
      Dataset bare = DataOptions.open(settings, Purpose.PREDICT, rules, notes);
      Dataset data = byClass ? withClasses(settings, bare) : bare;
      int[] train = data.train();
      if (train.length == 0) {
        throw new BadData(data.name() + ": has no training samples to choose");
      }
      int[] classes = new int[train.length];
      for (int i = 0; byClass && i < train.length; i++) {
        classes[i] = data.label(train[i]);
      }
      double[] ranks = ranks(filter, data, train);
      long[] indices = Arrays.stream(train).mapToLong(data::index).toArray();
      return RankedSamples.of(indices, ranks, classes, Optional.empty(), Optional.of(data));
    }
  }

  private static double[] ranks(LearnedFilter filter, Dataset data, int[] samples) {
    try {
      float[] ranks = filter.ranks(data, samples, new StopRequest());
      return IntStream.range(0, ranks.length).mapToDouble(i -> ranks[i]).toArray();
    } catch (GradsieveException.Diverged e) {
      throw new BadData(
          e.getMessage() + " with this filter; correct the data, or take another filter", e);
    }
  }

  private static Dataset withClasses(Settings settings, Dataset data) {
    try {
      return labelled(settings, data);
    } catch (BadData e) {
      throw new BadData(
          "--balanced needs the label of every sample: %s (or leave --balanced out)"
              .formatted(e.getMessage()),
          e);
    }
  }

  /**
   * The same data with its own labels, by a second look.
   *
   * @throws BadData if not every sample has a label
   */
  static Dataset labelled(Settings settings, Dataset data) {
    Dataset labelled =
        DataSource.open(
            DataOptions.request(settings, Purpose.EVALUATE, Optional.of(data.schema())));
    if (labelled.size() != data.size() || !labelled.shape().equals(data.shape())) {
      throw new BadData(data.name() + ": has samples without a label; add their labels");
    }
    return labelled;
  }
}
