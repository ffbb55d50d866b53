package io.gradsieve.train.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.sieve.Share;
import io.gradsieve.train.option.Options;
import io.gradsieve.train.option.Settings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * {@code prune}: keeps M = ⌈keep·N⌉ of the N training samples of a scores file, those with the
 * largest scores (ties by place in the file) or a random choice. Balanced, every class keeps the
 * same share, by largest remainder. Samples of a test part are never pruned.
 */
public final class Pruning {
  private static final String PURPOSE = "prune";

  private Pruning() {}

  /** What was written. */
  public record Summary(Path out, int samples, int kept) {}

  /** Chooses as the options say and writes the file. */
  public static Summary write(Settings settings) {
    Path scores = Path.of(required(settings, Options.SCORES_FILE));
    double keep = required(settings, Options.KEEP);
    Path out = OutputFile.of(required(settings, Options.PRUNE_OUT), "txt", "npy", "csv", "npz");
    boolean random = settings.get(Options.POLICY).equals("random");
    if (random && settings.given(Options.BY)) {
      throw new GradsieveException.Usage("--by: --policy random looks at no score; leave one out");
    }
    boolean balanced = settings.get(Options.BALANCED);
    ScoresFile file = ScoresFile.read(scores, random ? "" : settings.get(Options.BY), balanced);
    double[] values = random ? draws(file, settings.get(Options.SEED)) : file.scores();
    boolean[] chosen = choose(values, file.classes(), keep);
    long[] kept =
        IntStream.range(0, chosen.length)
            .filter(i -> chosen[i])
            .mapToLong(i -> file.indices()[i])
            .sorted()
            .toArray();
    KeptData.write(out, kept, settings);
    return new Summary(out, chosen.length, kept.length);
  }

  private static <T> T required(Settings settings, io.gradsieve.train.option.Option<T> option) {
    return settings
        .find(option)
        .orElseThrow(
            () ->
                new GradsieveException.Usage(
                    "prune: %s %s is needed: %s"
                        .formatted(option.dashed(), option.type().label(), option.words())));
  }

  private static double[] draws(ScoresFile file, long seed) {
    RandomBits random = RandomBits.of(seed, PURPOSE, 0);
    return Arrays.stream(file.indices()).mapToDouble(random::uniform).toArray();
  }

  /** Marks the largest values: ⌈keep·N⌉ of them, each class its share of that. */
  static boolean[] choose(double[] values, int[] classes, double keep) {
    int count = Arrays.stream(classes).max().orElse(0) + 1;
    int[] sizes = new int[count];
    for (int c : classes) {
      sizes[c]++;
    }
    int[] quotas = Share.quotas(keep, sizes);
    boolean[] chosen = new boolean[values.length];
    IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.<Integer>comparingDouble(i -> -values[i]).thenComparing(i -> i))
        .forEachOrdered(i -> chosen[i] = quotas[classes[i]]-- > 0);
    return chosen;
  }
}
