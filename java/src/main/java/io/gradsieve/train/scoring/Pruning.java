package io.gradsieve.train.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.data.DataRequest.Purpose;
import io.gradsieve.data.Dataset;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.Share;
import io.gradsieve.sieve.Strata;
import io.gradsieve.train.DataOptions;
import io.gradsieve.train.option.Option;
import io.gradsieve.train.option.Options;
import io.gradsieve.train.option.Settings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * {@code prune}: keeps M = ⌈keep·N⌉ of the N training samples of a scores file, or of data that a
 * filter ranks, those with the largest scores (ties by place in the file), the same from all {@link
 * Strata} of scores, or a random choice. Balanced, every class keeps the same share, by largest
 * remainder. Samples of a test part are never pruned.
 */
public final class Pruning {
  private static final String PURPOSE = "prune";

  private Pruning() {}

  /**
   * What was written.
   *
   * @param unlabelled why data was written without labels; empty: it has them, or is no data
   */
  public record Summary(Path out, int samples, int kept, Optional<String> unlabelled) {}

  /** Chooses as the options say and writes the file; {@code notes} takes lines to tell. */
  public static Summary write(Settings settings, Consumer<String> notes) {
    checkSource(settings);
    double keep = required(settings, Options.KEEP);
    Path out = OutputFile.of(required(settings, Options.PRUNE_OUT), "txt", "npy", "csv", "npz");
    String policy = settings.get(Options.POLICY);
    boolean random = policy.equals("random");
    if (random && settings.given(Options.BY)) {
      throw new GradsieveException.Usage("--by: --policy random looks at no score; leave one out");
    }
    RankedSamples ranked = ranked(settings, out, random, notes);
    double[] draws = draws(ranked, settings.get(Options.SEED));
    boolean[] chosen =
        policy.equals("coverage")
            ? cover(hardness(ranked, settings.get(Options.BY)), draws, ranked.classes(), keep)
            : choose(random ? draws : ranked.scores(), ranked.classes(), keep);
    long[] kept =
        IntStream.range(0, chosen.length)
            .filter(i -> chosen[i])
            .mapToLong(i -> ranked.places()[i])
            .sorted()
            .toArray();
    Optional<String> unlabelled = KeptData.write(out, kept, settings, ranked.data());
    return new Summary(out, chosen.length, kept.length, unlabelled);
  }

  /** Ranks come from a scores file or from a filter. */
  private static void checkSource(Settings settings) {
    boolean filter = settings.given(Options.FILTER);
    if (!filter && !settings.given(Options.SCORES_FILE)) {
      throw new GradsieveException.Usage(
          "prune: --scores FILE or --filter FILE is needed: %s, or %s"
              .formatted(Options.SCORES_FILE.words(), Options.FILTER.words()));
    }
    for (Option<?> option : List.of(Options.DEVICE, Options.THREADS)) {
      if (!filter && settings.given(option)) {
        throw new GradsieveException.Usage(
            "%s goes with --filter: nothing is computed of a scores file; leave it out"
                .formatted(option.dashed()));
      }
    }
    for (Option<?> option : List.of(Options.SCORES_FILE, Options.BY)) {
      if (filter && settings.given(option)) {
        throw new GradsieveException.Usage(
            "%s and --filter contradict each other: a filter ranks by what it predicts; leave one out"
                .formatted(option.dashed()));
      }
    }
  }

  /** With the data where data is written, or was named: its samples are those of the scores. */
  private static RankedSamples ranked(
      Settings settings, Path out, boolean random, Consumer<String> notes) {
    boolean balanced = settings.get(Options.BALANCED);
    if (settings.given(Options.FILTER)) {
      return FilteredData.rank(settings, balanced, notes);
    }
    String by = random ? "" : settings.get(Options.BY);
    Path scores = Path.of(required(settings, Options.SCORES_FILE));
    RankedSamples ranked = ScoresFile.read(scores, by, balanced);
    if (!KeptData.isData(out) && !settings.given(Options.DATA)) {
      return ranked;
    }
    Dataset data = DataOptions.open(settings, Purpose.COPY, Optional.empty(), notes);
    return ScoreJoin.of(scores, ranked, settings.get(Options.DATA), data, notes);
  }

  private static <T> T required(Settings settings, Option<T> option) {
    return settings
        .find(option)
        .orElseThrow(
            () ->
                new GradsieveException.Usage(
                    "prune: %s %s is needed: %s"
                        .formatted(option.dashed(), option.type().label(), option.words())));
  }

  private static double[] draws(RankedSamples ranked, long seed) {
    RandomBits random = RandomBits.of(seed, PURPOSE, 0);
    return Arrays.stream(ranked.indices()).mapToDouble(random::uniform).toArray();
  }

  /** The scores, turned round where the hardest samples have the lowest. */
  private static double[] hardness(RankedSamples ranked, String by) {
    double sign = by.equals(ScoreColumns.LABEL_QUALITY.key()) ? -1 : 1;
    return Arrays.stream(ranked.scores()).map(score -> sign * score).toArray();
  }

  /** Marks the largest values: ⌈keep·N⌉ of them, each class its share of that. */
  static boolean[] choose(double[] values, int[] classes, double keep) {
    int[] quotas = Share.quotas(keep, sizes(classes));
    boolean[] chosen = new boolean[values.length];
    for (int i : descending(values)) {
      chosen[i] = quotas[classes[i]]-- > 0;
    }
    return chosen;
  }

  /**
   * Marks as many, of each class all strata of its values but the hardest; within a stratum those
   * of the largest draws.
   */
  static boolean[] cover(double[] hardness, double[] draws, int[] classes, double keep) {
    int[] sizes = sizes(classes);
    int[] quotas = Share.quotas(keep, sizes);
    int[] hardest = new int[sizes.length];
    for (int c = 0; c < sizes.length; c++) {
      hardest[c] = Strata.hardest(Strata.CUT, sizes[c], sizes[c], quotas[c]);
    }
    double[] left = hardness.clone();
    for (int i : descending(hardness)) {
      left[i] = hardest[classes[i]]-- > 0 ? Double.NaN : left[i];
    }
    int[] shuffled = descending(draws);
    boolean[] chosen = new boolean[hardness.length];
    for (int c = 0; c < sizes.length; c++) {
      int group = c;
      int[] rows = IntStream.of(shuffled).filter(i -> classes[i] == group).toArray();
      boolean[] taken = Strata.choose(rows.length, j -> left[rows[j]], Strata.BINS, quotas[c]);
      for (int j = 0; j < rows.length; j++) {
        chosen[rows[j]] = taken[j];
      }
    }
    return chosen;
  }

  private static int[] sizes(int[] classes) {
    int[] sizes = new int[Arrays.stream(classes).max().orElse(0) + 1];
    for (int c : classes) {
      sizes[c]++;
    }
    return sizes;
  }

  /** The rows, those of the largest values first; of equal values in their order. */
  private static int[] descending(double[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.<Integer>comparingDouble(i -> -values[i]).thenComparing(i -> i))
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
