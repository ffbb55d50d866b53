package io.gradsieve.scoring;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.config.DataOptions;
import io.gradsieve.config.Option;
import io.gradsieve.config.Options;
import io.gradsieve.config.PruningPolicyName;
import io.gradsieve.config.Settings;
import io.gradsieve.data.DataRequest.Purpose;
import io.gradsieve.data.Dataset;
import io.gradsieve.format.files.OutputFile;
import io.gradsieve.sieve.LabelVerdicts;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.Share;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * {@code prune}: keeps M = ⌈keep·N⌉ of the N training samples of a scores file, or of data that a
 * filter ranks, as a {@link PruningPolicy} chooses. Balanced, every class keeps the same share, by
 * largest remainder, and each is chosen from by itself. Samples of a test part are never pruned.
 */
public final class Pruning {
  private static final String PURPOSE = "prune";
  private static final String UNJUDGED =
      "%s: says nothing of labels (no label_issue), so none is set aside; score --model RUN and score --folds 5 judge them";

  private Pruning() {}

  /**
   * What was written.
   *
   * @param aside how many suspected labels were set aside; empty: none is known, or the policy asks
   *     for none
   * @param unlabelled why data was written without labels; empty: it has them, or is no data
   */
  public record Summary(
      Path out, int samples, int kept, OptionalInt aside, Optional<String> unlabelled) {}

  /** Chooses as the options say and writes the file; {@code notes} takes lines to tell. */
  public static Summary write(Settings settings, Consumer<String> notes) {
    checkSource(settings);
    double keep = required(settings, Options.KEEP);
    Path out = OutputFile.of(required(settings, Options.PRUNE_OUT), "txt", "npy", "csv", "npz");
    PruningPolicy policy = PruningPolicy.of(settings.get(Options.POLICY));
    if (policy == PruningPolicy.RANDOM && settings.given(Options.BY)) {
      throw new GradsieveException.Usage("--by: --policy random looks at no score; leave one out");
    }
    RankedSamples ranked = ranked(settings, out, policy, notes);
    PruningPolicy.Kept left =
        choose(candidates(ranked, policy, settings), ranked.classes(), policy, keep);
    boolean judges = policy == PruningPolicy.TRUSTED;
    if (judges && ranked.labels().isEmpty()) {
      notes.accept(unjudged(settings));
    }
    long[] kept =
        IntStream.range(0, left.kept().length)
            .filter(i -> left.kept()[i])
            .mapToLong(i -> ranked.places()[i])
            .sorted()
            .toArray();
    Optional<String> unlabelled = KeptData.write(out, kept, settings, ranked.data());
    OptionalInt suspects =
        judges && ranked.labels().isPresent() ? OptionalInt.of(left.aside()) : OptionalInt.empty();
    return new Summary(out, left.kept().length, kept.length, suspects, unlabelled);
  }

  /**
   * Marks what a policy keeps of the rows of a score table, [N].
   *
   * @param groups which group each row is of, from 0: every group keeps the same share, [N]
   * @param keep share, in (0, 1]
   * @throws GradsieveException.Usage if the table has not what the policy ranks by
   */
  public static boolean[] choose(
      ScoreTable table,
      LabelVerdicts verdicts,
      int[] groups,
      PruningPolicyName name,
      double keep,
      long seed) {
    PruningPolicy policy = PruningPolicy.of(name);
    Score score = Score.parse(policy.by().key());
    RandomBits random = RandomBits.of(seed, PURPOSE, 0);
    int[] rows = IntStream.range(0, table.samples()).toArray();
    boolean looks = policy != PruningPolicy.RANDOM;
    if (looks && !table.has(score)) {
      throw new GradsieveException.Usage(
          "pruning policy %s ranks by %s, which was not recorded"
              .formatted(name.key(), score.key()));
    }
    double[] scores =
        Arrays.stream(rows).mapToDouble(i -> looks ? table.value(score, i) : 0).toArray();
    PruningCandidates all =
        new PruningCandidates(
            scores,
            scores,
            Arrays.stream(rows).mapToDouble(random::uniform).toArray(),
            Optional.of(SuspectedLabels.of(table, verdicts)));
    return choose(all, groups, policy, keep).kept();
  }

  private static String unjudged(Settings settings) {
    return settings.given(Options.FILTER)
        ? "a filter says nothing of labels, so none is set aside; --policy top keeps what it ranks highest"
        : UNJUDGED.formatted(settings.get(Options.SCORES_FILE));
  }

  /** Ranks come from a scores file or from a filter. */
  private static void checkSource(Settings settings) {
    boolean filter = settings.given(Options.FILTER);
    if (!filter && !settings.given(Options.SCORES_FILE)) {
      throw new GradsieveException.Usage(
          "prune: --scores FILE or --filter FILE is needed: %s, or %s"
              .formatted(Options.SCORES_FILE.words(), Options.FILTER.words()));
    }
    for (Option<?> option : List.of(Options.DEVICE, Options.THREADS, Options.PRECISION)) {
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
      Settings settings, Path out, PruningPolicy policy, Consumer<String> notes) {
    boolean balanced = settings.get(Options.BALANCED);
    if (settings.given(Options.FILTER)) {
      return FilteredData.rank(settings, balanced, notes);
    }
    Optional<ScoreColumns> by =
        policy == PruningPolicy.RANDOM ? Optional.empty() : Optional.of(by(settings, policy));
    Path scores = Path.of(required(settings, Options.SCORES_FILE));
    RankedSamples ranked = ScoresFile.read(scores, by, balanced, policy == PruningPolicy.TRUSTED);
    if (!KeptData.isData(out) && !settings.given(Options.DATA)) {
      return ranked;
    }
    Dataset data = DataOptions.open(settings, Purpose.COPY, Optional.empty(), notes);
    return ScoreJoin.of(scores, ranked, settings.get(Options.DATA), data, notes);
  }

  private static ScoreColumns by(Settings settings, PruningPolicy policy) {
    return settings.find(Options.BY).orElseGet(policy::by);
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

  private static PruningCandidates candidates(
      RankedSamples ranked, PruningPolicy policy, Settings settings) {
    RandomBits random = RandomBits.of(settings.get(Options.SEED), PURPOSE, 0);
    boolean lowIsHard = by(settings, policy) == ScoreColumns.LABEL_QUALITY;
    return new PruningCandidates(
        ranked.scores(),
        Arrays.stream(ranked.scores()).map(score -> lowIsHard ? -score : score).toArray(),
        Arrays.stream(ranked.indices()).mapToDouble(random::uniform).toArray(),
        ranked.labels());
  }

  /** Chooses ⌈keep·N⌉ samples, of each class its share of that. */
  private static PruningPolicy.Kept choose(
      PruningCandidates all, int[] classes, PruningPolicy policy, double keep) {
    boolean[] kept = new boolean[classes.length];
    int groups = Arrays.stream(classes).max().orElse(0) + 1;
    int[] sizes = new int[groups];
    Arrays.stream(classes).forEach(group -> sizes[group]++);
    int[] quotas = Share.quotas(keep, sizes);
    int aside = 0;
    for (int c = 0; c < groups; c++) {
      int group = c;
      int[] rows = IntStream.range(0, classes.length).filter(i -> classes[i] == group).toArray();
      PruningPolicy.Kept ofClass = policy.choose(all.of(rows), quotas[c]);
      aside += ofClass.aside();
      for (int j = 0; j < rows.length; j++) {
        kept[rows[j]] = ofClass.kept()[j];
      }
    }
    return new PruningPolicy.Kept(kept, aside);
  }
}
