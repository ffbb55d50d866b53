package io.gradsieve.train.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.data.DataRequest.Purpose;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.train.DataOptions;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.learned.LearnedFilter;
import io.gradsieve.train.option.Options;
import io.gradsieve.train.option.Settings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Data that was never scored, as a filter ranks it. */
final class FilteredData {
  private FilteredData() {}

  /**
   * The training part of {@code --data}, read by the rules of the filter, with predicted ranks as
   * scores. Labels are needed only for classes; those are the data's own, whatever the filter
   * learned from.
   */
  static RankedSamples rank(Settings settings, boolean byClass) {
    Path file = Path.of(settings.get(Options.FILTER));
    try (Backend backend = Backends.open(settings.get(Options.DEVICE), threads(settings));
        LearnedFilter filter = LearnedFilter.read(file, backend)) {
      Dataset data =
          DataSource.open(
              DataOptions.request(settings, Purpose.PREDICT, Optional.of(filter.rules())));
      int[] train = data.train();
      if (train.length == 0) {
        throw new GradsieveException.BadData(data.name() + ": has no training samples to choose");
      }
      long[] indices = Arrays.stream(train).mapToLong(data::index).toArray();
      float[] ranks = filter.ranks(data, train, new StopRequest());
      double[] scores = new double[ranks.length];
      Arrays.setAll(scores, i -> ranks[i]);
      int[] classes = byClass ? classes(settings, indices) : new int[ranks.length];
      return new RankedSamples(indices, scores, classes);
    }
  }

  private static int threads(Settings settings) {
    return settings
        .find(Options.THREADS)
        .orElseGet(
            () -> Math.min(Options.MOST_THREADS, Runtime.getRuntime().availableProcessors()));
  }

  /** The class of each of these samples, which a second look at the data with its labels has. */
  private static int[] classes(Settings settings, long[] indices) {
    Dataset data =
        DataSource.open(DataOptions.request(settings, Purpose.EVALUATE, Optional.empty()));
    int[] train = data.train();
    if (!Arrays.equals(indices, Arrays.stream(train).mapToLong(data::index).toArray())) {
      throw new GradsieveException.BadData(
          data.name() + ": not every sample has a label, which --balanced needs; leave it out");
    }
    return Arrays.stream(train).map(data::label).toArray();
  }
}
